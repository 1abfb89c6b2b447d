import type { Tasks } from '@longhaul/client';
import type { HandlersOf } from '@longhaul/executor';
import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

const text = z.object({ text: z.string() });

const served = {
  echo: defineTask({ input: text, output: text }),
  step: defineTask({ input: text, progress: z.object({ percent: z.number() }), output: text }),
  limited: defineTask({ input: text, output: text, concurrency: { limit: 1 } }),
};

/** What the executor serves. */
export const servedContract = defineContract({ count: served });

/** What the gateway serves: also a task type that no executor has. */
export const countedContract = defineContract({
  count: { ...served, unserved: defineTask({ input: text, output: text }) },
});

export const countedHandlers: HandlersOf<typeof servedContract> = {
  count: {
    echo: ({ input }) => input,
    step: ({ input, progress }) => {
      progress({ percent: 50 });
      return input;
    },
    limited: ({ input }) => input,
  },
};

/** One way to run a task, whose messages are counted. */
export type Kind = {
  readonly name: string;
  /** Runs `count` tasks to their end, one after the other unless the way itself takes many. */
  readonly run: (tasks: Tasks<typeof countedContract>, count: number) => Promise<void>;
};

/** 200 bytes. */
const input = { text: 'x'.repeat(200) };

export const kinds: readonly Kind[] = [
  {
    name: 'run',
    run: (tasks, count) => each(count, () => tasks.count.echo.run(input)),
  },
  {
    name: 'run, with one progress event',
    run: (tasks, count) => each(count, () => tasks.count.step.run(input)),
  },
  {
    name: 'run, under a concurrency limit',
    run: (tasks, count) => each(count, () => tasks.count.limited.run(input)),
  },
  {
    name: 'run, with an idempotency key',
    run: (tasks, count) =>
      each(count, () => tasks.count.echo.run(input, { idempotencyKey: crypto.randomUUID() })),
  },
  {
    name: 'start, then cancel while it waits',
    run: (tasks, count) =>
      each(count, async () => {
        const task = await tasks.count.unserved.start(input);
        const { status } = await task.cancel();
        if (status !== 'CANCELED') throw new Error(`A task that nobody runs is ${status}.`);
      }),
  },
  {
    name: 'startMany',
    run: async (tasks, count) => {
      const started = await tasks.count.echo.startMany(Array.from({ length: count }, () => ({ input })));
      if (started.some(({ ok }) => !ok)) throw new Error('A start of the batch failed.');
    },
  },
];

async function each(count: number, call: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done += 1) await call();
}
