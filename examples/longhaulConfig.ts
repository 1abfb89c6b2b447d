import { defineConfig } from 'longhaul';
import { contract } from './contract.ts';

export default defineConfig({
  contract,
  handlers: async () => (await import('./handler.ts')).handlers,
});
