import { defineConfig } from 'longhaul';
import { contract } from './src/contract.ts';

export default defineConfig({
  contract,
  // A function, so that the gateway does not load what only executors need.
  handlers: async () => (await import('./src/handlers.ts')).handlers,
  watch: ['src', 'longhaul.config.ts'],
});
