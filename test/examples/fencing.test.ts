import { runHandler } from '@longhaul/executor';
import { eventThat, startStack } from '@longhaul/testing';
import { expect, inject, test } from 'vitest';
import { contract } from '../../examples/contract.ts';
import { memoryStore, resizeInto } from '../../examples/fencing.ts';

const { resize } = contract.images;

test('a store that compares fences takes nothing from a run whose successor has written', async () => {
  const values = new Map<string, { readonly fence: number; readonly value: string }>();
  const handler = resizeInto(memoryStore(values));
  const run = (fence: number) => runHandler(resize, handler, { files: ['a.png'] }, { fence });
  await expect(run(2)).resolves.toMatchObject({ resized: [expect.stringContaining('a.png')] });
  await expect(run(1)).rejects.toThrow('later run');
  await expect(run(2)).resolves.toBeDefined();
  expect([...values.values()]).toEqual([{ fence: 2, value: 'a.png, resized' }]);
});

test('each run of a task has a larger fence, on whatever executor', async () => {
  const fences: number[] = [];
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers: {
      images: {
        resize: async ({ fence, signal }) => {
          fences.push(fence);
          if (fences.length === 3) return { resized: [] };
          await new Promise<never>((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason), { once: true });
          });
          return { resized: [] };
        },
      },
    },
  });
  const task = await stack.tasks.images.resize.start({ files: ['a.png'] });
  for (const attempt of [1, 2]) {
    await eventThat(
      stack.broker,
      `attempt ${attempt}`,
      ({ id, event }) => id === task.id && event.type === 'started' && event.attempt === attempt,
    );
    await stack.addExecutor();
    await stack.executors.at(-2)?.stop({ drainMs: 0 });
  }
  await task.result();
  expect(fences).toHaveLength(3);
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
});
