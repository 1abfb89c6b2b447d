import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

/** The tasks that are measured. The BullMQ service offers the same by the same names. */
export const benchContract = defineContract({
  bench: {
    /** Does nothing. */
    noop: defineTask({ input: z.object({ payload: z.string() }), output: z.object({ ok: z.literal(true) }) }),
    /** Reports progress `events` times, `everyMs` apart; 0: as fast as it is taken. */
    chatter: defineTask({
      input: z.object({ events: z.int().min(0), everyMs: z.int().min(0) }),
      progress: z.object({ sentAtMs: z.number() }),
      output: z.object({}),
      progressIntervalMs: 0,
    }),
    /** Never ends at its first attempt; every later one ends at once. */
    survivor: defineTask({ input: z.object({}), output: z.object({ attempt: z.int() }) }),
  },
});

export type BenchContract = typeof benchContract;
