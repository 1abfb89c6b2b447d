import { eventThat, type Stack, within } from '@longhaul/testing';
import { type ScriptedContract, type SpawnedService, spawnGateway } from '@longhaul/testkit';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { readMetrics, sumOf } from '../observe/readMetrics.ts';
import { RawWatcher } from './rawWatcher.ts';
import { type SteppedStack, startSteppedStack } from './steppedStack.ts';

const watchersAtOnce = 100;
const eventCount = 4;
const rounds = 3;
/** A stream that is kept has more than 20 KiB: all of them would have 6 MiB. */
const mostGrowthBytes = 3 * 1024 * 1024;

let stack: Stack<ScriptedContract>;
let gateway: SpawnedService & { readonly url: string };
let nextStep: SteppedStack['step'];
beforeAll(async () => {
  ({ stack, step: nextStep } = await startSteppedStack(inject('natsUrl')));
  gateway = await spawnGateway({ natsUrl: inject('natsUrl'), namespace: stack.namespace });
});
const open = new Set<RawWatcher>();
afterAll(async () => {
  for (const one of open) one.close();
  await gateway[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const openStreams = async () =>
  sumOf(readMetrics(await (await fetch(`${gateway.url}/metrics`)).text()), 'longhaul_streams');

/** One task, watched by many from its start to its end, with a garbage collection of the gateway after each event. */
async function watchTogether(pathOf: (id: string) => string, lastWords: string): Promise<void> {
  const task = await stack.tasksOf(gateway).script.count.start({ steps: eventCount });
  await eventThat(stack.broker, 'started', ({ id, event }) => id === task.id && event.type === 'started');
  const watchers = Array.from(
    { length: watchersAtOnce },
    () => new RawWatcher(gateway.url, pathOf(task.id), lastWords),
  );
  for (const one of watchers) open.add(one);
  await within('the streams', Promise.all(watchers.map(one => one.open())));
  for (let step = 1; step <= eventCount; step += 1) {
    nextStep();
    const { seq } = await eventThat(
      stack.broker,
      `step ${step}`,
      ({ id, event }) => id === task.id && event.type === 'progress' && event.ordinal === step,
    );
    await within('an event for everybody', Promise.all(watchers.map(one => one.reached(seq))));
    // What a stream holds only weakly is gone now, while all of them are open.
    await gateway.memoryBytes();
  }
  await within('the end', Promise.all(watchers.map(({ ended }) => ended)));
  for (const one of watchers) open.delete(one);
  await expect.poll(openStreams).toBe(0);
}

it.each([
  ['REST', (id: string) => `/v1/tasks/${id}/events`, 'event: completed'],
  [
    'tRPC',
    (id: string) => `/trpc/script.count.watch?input=${encodeURIComponent(JSON.stringify({ id }))}`,
    '"type":"completed"',
  ],
] as const)(
  'streams of %s that were open together leave nothing behind',
  async (_name, pathOf, lastWords) => {
    // What is set up once, and code that gets hot, is not what a stream leaves.
    for (let round = 0; round < 2; round += 1) await watchTogether(pathOf, lastWords);
    const before = await gateway.memoryBytes();
    for (let round = 0; round < rounds; round += 1) await watchTogether(pathOf, lastWords);
    const growth = async () => (await gateway.memoryBytes()) - before;
    await expect.poll(growth, { timeout: 30_000, interval: 200 }).toBeLessThan(mostGrowthBytes);
  },
);
