import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

/** The one task type of a storm: it reports progress once a second until it may end. */
export const stormContract = defineContract({
  storm: {
    work: defineTask({
      input: z.object({ number: z.int() }),
      progress: z.object({ second: z.int() }),
      output: z.object({ number: z.int() }),
      progressIntervalMs: 0,
    }),
  },
});
export type StormContract = typeof stormContract;
