import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

const output = z.object({ steps: z.int() });

export const contract = defineContract({
  walk: {
    /** Takes steps for as long as the test lets it. */
    plain: defineTask({ input: z.object({}), output, pausable: true }),
    /** In a thread: takes so many steps, each of them a busy one. */
    threaded: defineTask({
      input: z.object({ steps: z.int() }),
      progress: z.object({ percent: z.number() }),
      output,
      pausable: true,
      sandbox: true,
    }),
    /** An attempt may take this long, and the whole of it no longer than that. */
    limited: defineTask({
      input: z.object({}),
      output,
      pausable: true,
      timeoutMs: 1_000,
      totalTimeoutMs: 60_000,
    }),
    short: defineTask({ input: z.object({}), output, pausable: true, totalTimeoutMs: 1_500 }),
    unpausable: defineTask({ input: z.object({}), output }),
  },
});
