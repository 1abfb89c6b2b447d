import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

/** The tasks of this app: gateway, executors and clients share it. */
export const contract = defineContract({
  report: {
    build: defineTask({
      title: 'Build a report',
      input: z.object({
        title: z.string().min(1).describe('the title of the report'),
        sections: z.int().min(1).max(50).default(8).describe('how many sections it has'),
      }),
      progress: z.object({ percent: z.number(), description: z.string() }),
      output: z.object({ markdown: z.string(), words: z.int() }),
      errors: { FORBIDDEN_TITLE: z.object({ title: z.string() }) },
      timeoutMs: 10 * 60_000,
    }),
  },
});
