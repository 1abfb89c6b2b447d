import { eventThat, type Stack, within } from '@longhaul/testing';
import { type ScriptedContract, type SpawnedService, spawnGateway } from '@longhaul/testkit';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { readMetrics, sumOf } from '../observe/readMetrics.ts';
import { RawWatcher } from './rawWatcher.ts';
import { type SteppedStack, startSteppedStack } from './steppedStack.ts';

/** `pnpm test:watchers` has 2,000, as .ci/run does. */
const watcherCount = Number(process.env.LONGHAUL_TEST_WATCHERS ?? 300);
const eventCount = 30;
/** Streams end that soon here, which finds out those that nobody reads any more. */
const streamMaxMs = 4_000 + 4 * watcherCount;
/** What may be left of all of them: code that got hot and buffers that were grown once. One stream has about 25 KiB. */
const mostGrowthBytes = 4 * 1024 * 1024 + 4 * 1024 * watcherCount;
const longMs = 60_000;

let stack: Stack<ScriptedContract>;
let gateway: SpawnedService & { readonly url: string };
let nextStep: SteppedStack['step'];
beforeAll(async () => {
  ({ stack, step: nextStep } = await startSteppedStack(inject('natsUrl')));
  gateway = await spawnGateway({
    natsUrl: inject('natsUrl'),
    namespace: stack.namespace,
    protection: { streamMaxMs, streamsPerOwner: watcherCount },
  });
});
const all: RawWatcher[] = [];
afterAll(async () => {
  for (const one of all) one.close();
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
  const watcher = () => {
    const one = new RawWatcher(gateway.url, `/v1/tasks/${task.id}/events`, 'event: completed');
    all.push(one);
    return one;
  };
  // What is set up once (buffers, code that gets hot) is not what watchers cost.
  await watcher().open();
  const before = await gateway.memoryBytes();
  const watchers = Array.from({ length: watcherCount - 1 }, watcher);
  await within('all are open', Promise.all(watchers.map(one => one.open())), longMs);
  const vanished = all.filter((_, i) => i % 2 === 1);
  const others = all.filter((_, i) => i % 2 === 0);

  let steps = 0;
  /** Of all events for all who read: how many came in a stream that was open before. The others came by a resumed one. */
  const arrivals = { all: 0, live: 0 };
  /** One event for all who read. */
  const step = async (to: readonly RawWatcher[]) => {
    steps += 1;
    const open = to.map(one => one.stream);
    nextStep();
    const { seq } = await eventThat(
      stack.broker,
      `step ${steps}`,
      ({ id, event }) => id === task.id && event.type === 'progress' && event.ordinal === steps,
    );
    const arrive = async (one: RawWatcher, i: number) => {
      await one.reached(seq);
      arrivals.all += 1;
      if (open[i] !== undefined && one.stream === open[i]) arrivals.live += 1;
    };
    await within('an event for everybody', Promise.all(to.map(arrive)), longMs);
    // Also collects garbage, in the middle of all streams: what is only weakly held then is gone.
    if (steps % 5 === 0) await gateway.memoryBytes();
  };
  while (steps < 8) await step(all);
  for (const one of vanished) one.fallSilent();
  while (steps < eventCount - 5) await step(others);

  // Nobody closed those streams: the gateway did. Those who read have opened theirs again.
  await expect
    .poll(() => others.every(({ reopened }) => reopened > 0), { timeout: longMs, interval: 100 })
    .toBe(true);
  const streams = () => gauge('longhaul_streams');
  // Some who read are between two streams at any time, which hides as many of the vanished: so several looks count.
  const looks: number[] = [];
  const mostOfLooks = async () => {
    looks.push(await streams());
    return looks.length < 8 ? Number.POSITIVE_INFINITY : Math.max(...looks.slice(-8));
  };
  await expect.poll(mostOfLooks, { timeout: longMs, interval: 100 }).toBeLessThanOrEqual(others.length);
  await expect
    .poll(() => gauge('longhaul_connections'), { timeout: longMs, interval: 250 })
    .toBeLessThan(others.length + 10);
  while (steps < eventCount - 1) await step(others);

  nextStep();
  // An event that was not sent live would have been found by resuming alone, since no stream here gets old enough for the
  // check of an idle one. How long anything took is not asked: that depends on what else the machine does.
  expect(arrivals.live).toBeGreaterThan(arrivals.all / 2);
  await within('the end for those who read', Promise.all(others.map(({ ended }) => ended)), longMs);
  await expect.poll(streams, { timeout: longMs }).toBe(0);
  const growth = async () => (await gateway.memoryBytes()) - before;
  await expect.poll(growth, { timeout: longMs, interval: 250 }).toBeLessThan(mostGrowthBytes);

  for (const one of vanished) one.comeBack();
  await within('the end for those who were away', Promise.all(vanished.map(({ ended }) => ended)), longMs);
  const stored = (await stack.events(task.id)).map(({ seq }) => seq);
  for (const { ids } of all) {
    const [snapshot = 0, ...events] = ids;
    expect(events).toEqual(stored.filter(seq => seq > snapshot));
  }
});
