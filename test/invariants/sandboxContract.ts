import { defineContract, defineTask } from '@longhaul/proto';
import { ackWaitMs } from '@longhaul/proto/wire';
import { z } from 'zod';

/** How long the blocking handler has after a cancel before its thread is ended. */
export const graceMs = 300;
/** Longer than a request may go without a heartbeat before it is given to another executor. */
export const longBlockMs = 2 * ackWaitMs;

const threaded = { output: z.object({ attempt: z.int() }), cancelGraceMs: graceMs, sandbox: true };
const forMs = z.object({ forMs: z.int() });

/** Tasks whose handlers block their thread, or end it. */
export const sandboxContract = defineContract({
  thread: {
    /** Lets nothing else happen in its thread for so long, whatever it is told. */
    block: defineTask({ ...threaded, input: forMs, progress: z.object({ percent: z.number() }) }),
    /** Blocks as well until its first attempt is ended by `timeoutMs`; the second answers. */
    overrun: defineTask({
      ...threaded,
      input: z.object({}),
      timeoutMs: 4_000,
      maxAttempts: 2,
      backoff: { kind: 'fixed', delayMs: 0 },
    }),
    /** Ends its thread in its first attempt, in one of the ways that there are; the second answers. */
    crash: defineTask({
      ...threaded,
      input: z.object({ by: z.enum(['uncaught', 'exit', 'memory', 'declared']) }),
      errors: { REFUSED: z.object({ by: z.string() }) },
      maxAttempts: 2,
      backoff: { kind: 'fixed', delayMs: 0 },
    }),
  },
  /** In the executor's own thread. */
  echo: defineTask({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
});
