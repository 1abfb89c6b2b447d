import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

const nothing = z.object({});
const hanging = { input: nothing, output: nothing, cancelGraceMs: 500 };

/** Tasks that start each other. */
export const contract = defineContract({
  parent: {
    /** Does what the test gives it to do. */
    scripted: defineTask({
      input: nothing,
      output: z.object({ said: z.string() }),
      errors: { NO_GOOD: nothing },
      maxAttempts: 3,
      backoff: { kind: 'fixed', delayMs: 0 },
    }),
    /** In a thread: `adds` children, or what it is asked for. */
    threaded: defineTask({
      input: z.object({
        adds: z.int().default(0),
        do: z.enum(['refuse', 'misuse', 'hang', 'broad']).optional(),
      }),
      output: z.object({ said: z.string() }),
      cancelGraceMs: 500,
      sandbox: true,
    }),
    /** Adds up to `depth` by a child of its own kind. */
    deep: defineTask({ input: z.object({ depth: z.int() }), output: z.object({ sum: z.int() }) }),
  },
  child: {
    add: defineTask({
      input: z.object({ a: z.int(), b: z.string().transform(Number).default(1) }),
      output: z.object({ sum: z.int() }),
    }),
    refuse: defineTask({
      input: nothing,
      output: nothing,
      errors: { REFUSED: z.object({ by: z.string() }) },
    }),
    hang: defineTask(hanging),
    /** No executor of the tests serves it. */
    unserved: defineTask(hanging),
    /** Takes any JSON. */
    count: defineTask({ input: z.object({ json: z.any() }), output: z.object({ chars: z.int() }) }),
    /** Answers with as many characters. */
    long: defineTask({ input: z.object({ chars: z.int() }), output: z.object({ text: z.string() }) }),
  },
});
export type FamilyContract = typeof contract;
