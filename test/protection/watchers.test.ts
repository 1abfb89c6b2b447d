import {
  eventThat,
  type ScriptedContract,
  type SpawnedService,
  type Stack,
  scriptedContract,
  scriptedHandlers,
  spawnGateway,
  startStack,
  within,
} from '@longhaul/testing';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { readMetrics, sumOf } from '../observe/readMetrics.ts';
import { RawWatcher } from './rawWatcher.ts';

/** All of them take half a minute; `pnpm test:watchers` has 2,000, as .ci/run does. */
const watcherCount = Number(process.env.LONGHAUL_TEST_WATCHERS ?? 300);
const eventCount = 60;
/** Streams end that soon here, which finds out those that nobody reads any more. */
const streamMaxMs = 4_000 + 4 * watcherCount;
const longMs = 60_000;

let stack: Stack<ScriptedContract>;
let gateway: SpawnedService & { readonly url: string };
let next = Promise.withResolvers<void>();
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: {
      script: {
        ...scriptedHandlers.script,
        // Reports one step each time that it is let.
        count: async ({ progress, input }) => {
          for (let step = 1; step <= input.steps; step += 1) {
            await next.promise;
            next = Promise.withResolvers<void>();
            progress({ percent: (100 * step) / input.steps, description: `step ${step}` });
          }
          return { steps: input.steps };
        },
      },
    },
    gateways: 0,
  });
  gateway = await spawnGateway({
    natsUrl: inject('natsUrl'),
    namespace: stack.namespace,
    protection: { streamMaxMs, streamsPerOwner: watcherCount },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const gauge = async (name: string) =>
  sumOf(readMetrics(await (await fetch(`${gateway.url}/metrics`)).text()), name);

it(`${watcherCount} watchers, half of which vanish without closing: the others see every event live, nothing is kept`, {
  timeout: 4 * longMs,
}, async () => {
  const task = await stack.tasksOf(gateway).script.count.start({ steps: eventCount });
  await eventThat(stack.broker, 'started', ({ id, event }) => id === task.id && event.type === 'started');
  // What is set up once (buffers, code that gets hot) is not what watchers cost.
  const first = new RawWatcher(gateway.url, `/v1/tasks/${task.id}/events`, 'event: completed');
  await first.open();
  const before = await gateway.memoryBytes();
  const watchers = Array.from(
    { length: watcherCount - 1 },
    () => new RawWatcher(gateway.url, `/v1/tasks/${task.id}/events`, 'event: completed'),
  );
  await within('all are open', Promise.all(watchers.map(one => one.open())), longMs);
  const all = [first, ...watchers];
  const vanished = all.filter((_, i) => i % 2 === 1);
  const others = all.filter((_, i) => i % 2 === 0);

  /** One event, and how long it took until all who read had it. */
  const step = async (to: readonly RawWatcher[]) => {
    const wanted = Math.max(...to.map(({ ids }) => ids.length)) + 1;
    const beganMs = performance.now();
    const arrived = Promise.all(to.map(one => one.received(wanted)));
    next.resolve();
    await within('an event for everybody', arrived, longMs);
    return performance.now() - beganMs;
  };
  for (let i = 0; i < 10; i += 1) await step(all);
  for (const one of vanished) one.fallSilent();
  const took: number[] = [];
  for (let i = 10; i < eventCount - 1; i += 1) took.push(await step(others));
  took.sort((a, b) => a - b);
  const median = took[Math.floor(took.length / 2)] ?? 0;
  expect(median, 'milliseconds until all who read have an event').toBeLessThan(1_000);

  // Nobody closed those streams: the gateway did. Those who read have opened theirs again.
  await expect.poll(() => gauge('longhaul_streams'), { timeout: longMs, interval: 250 }).toBe(others.length);
  await expect
    .poll(() => gauge('longhaul_connections'), { timeout: longMs, interval: 250 })
    .toBeLessThan(others.length + 10);
  for (const one of others) expect(one.reopened).toBeGreaterThan(0);

  next.resolve();
  await within('the end for those who read', Promise.all(others.map(({ ended }) => ended)), longMs);
  await expect.poll(() => gauge('longhaul_streams'), { timeout: longMs }).toBe(0);
  const growth = async () => (await gateway.memoryBytes()) - before;
  await expect.poll(growth, { timeout: longMs, interval: 250 }).toBeLessThan(8 * 1024 * 1024);

  for (const one of vanished) one.comeBack();
  await within('the end for those who were away', Promise.all(vanished.map(({ ended }) => ended)), longMs);
  const stored = (await stack.events(task.id)).map(({ seq }) => seq);
  for (const { ids } of all) {
    const [snapshot = 0, ...events] = ids;
    expect(events).toEqual(stored.filter(seq => seq > snapshot));
  }
});
