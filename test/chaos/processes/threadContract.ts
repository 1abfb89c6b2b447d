import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

const threaded = {
  output: z.object({ attempt: z.int() }),
  progress: z.object({ passedMs: z.number() }),
  cancelGraceMs: 100,
  sandbox: true,
} as const;

/** Tasks whose handlers hold their thread, or end it. In a file of its own, since each of the threads loads it. */
export const threadContract = defineContract({
  thread: {
    /** Lets nothing else happen in its thread for `forMs`, whatever it is told. */
    block: defineTask({ ...threaded, input: z.object({ forMs: z.int().min(0) }) }),
    /**
     * In its first attempt it holds its thread until that is ended by force (a start that has it hang sets a time limit), or
     * ends it itself; a later one answers.
     */
    breakOnce: defineTask({
      ...threaded,
      input: z.object({ by: z.enum(['hanging', 'exiting', 'throwing']) }),
      maxAttempts: 5,
      backoff: { kind: 'fixed', delayMs: 50 },
    }),
  },
});
