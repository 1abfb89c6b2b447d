import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

/** A task that can end in every way: what `docs/protocol` shows, and what `minimalExecutor.mjs` runs. */
export const demoContract = defineContract({
  demo: {
    count: defineTask({
      title: 'Count',
      input: z.object({ to: z.int().min(1), stepMs: z.int().min(0).default(0) }),
      progress: z.object({ percent: z.number() }),
      output: z.object({ sum: z.int() }),
      errors: { UNLUCKY: z.object({ number: z.int() }) },
      progressIntervalMs: 0,
    }),
    /** Its input and output can be large. */
    repeat: defineTask({
      title: 'Repeat',
      input: z.object({ text: z.string(), times: z.int() }),
      output: z.object({ text: z.string() }),
    }),
  },
});
