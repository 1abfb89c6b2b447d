import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

export const contract = defineContract({
  primes: {
    count: defineTask({
      title: 'Count primes',
      input: z.object({ below: z.int().min(2).max(1_000_000), stepMs: z.int().min(0).default(0) }),
      progress: z.object({ percent: z.number(), found: z.int() }),
      output: z.object({ found: z.int() }),
      progressIntervalMs: 20,
      sandbox: true,
    }),
  },
  program: {
    version: defineTask({
      title: 'Ask a program for its version',
      input: z.object({ flag: z.string().default('--version') }),
      output: z.object({ version: z.string() }),
      errors: { NO_ANSWER: z.object({ exitCode: z.int() }) },
    }),
  },
});
