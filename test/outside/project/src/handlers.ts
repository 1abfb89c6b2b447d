import { type HandlersOf, sandboxed } from '@longhaul/executor';
import type { contract } from './contract.ts';

export const handlers: HandlersOf<typeof contract> = {
  primes: {
    // As a user writes it: compiled and bundled code has countPrimes.js instead.
    count: sandboxed<typeof import('./countPrimes.ts')>(new URL('./countPrimes.ts', import.meta.url)),
  },
  program: {
    version: async ({ input, exec, error }) => {
      const { stdout, exitCode } = await exec(process.execPath, [input.flag]);
      if (!stdout.startsWith('v')) throw error('NO_ANSWER', 'It said nothing.', { exitCode });
      return { version: stdout.trim() };
    },
  },
};
