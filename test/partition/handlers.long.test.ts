import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ackWaitMs } from '@longhaul/proto/wire';
import { eventThat, startStack, within } from '@longhaul/testing';
import {
  type LinkFault,
  openFaultyLink,
  readHandlerLog,
  scriptedContract,
  scriptedHandlers,
  spawnExecutor,
} from '@longhaul/testkit';
import { expect, inject, test } from 'vitest';

/** On a machine that does nothing else: `npm run test:partition`. */
const isStrict = process.env.LONGHAUL_PARTITION_LIMIT_MS !== undefined;

/** One executor behind a link, with a log of its handlers, and a running task of `script.hang`. */
async function system(onCutOff: 'abort' | 'continue') {
  const folder = await mkdtemp(join(tmpdir(), 'longhaul-partition-'));
  const handlerLog = join(folder, 'handlers');
  const stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
  });
  const link = await openFaultyLink(inject('natsUrl'));
  const { namespace } = stack;
  const executor = await spawnExecutor({ natsUrl: link.url, namespace, handlerLog, onCutOff });
  const startedAs = (id: string, attempt: number) =>
    eventThat(
      stack.broker,
      `attempt ${attempt}`,
      stored => stored.id === id && stored.event.type === 'started' && stored.event.attempt === attempt,
    );
  const task = await stack.tasks.script.hang.start({});
  await startedAs(task.id, 1);
  return {
    stack,
    link,
    task,
    startedAs,
    runs: (id: string, what: 'start' | 'end') =>
      readHandlerLog(handlerLog).filter(line => line.what === what && line.id === id),
    [Symbol.asyncDispose]: async () => {
      await executor.kill();
      await link[Symbol.asyncDispose]();
      await stack[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
const black: LinkFault = { hold: ['up', 'down'] };

test('cancel-means-stop: the handler of a cut-off executor ends behind `CANCELED`, though nobody can reach it', {
  timeout: 120_000,
}, async () => {
  await using one = await system('abort');
  // It is given the task when the first one's heartbeats fail, and finds the cancel. Alone, the task would be `STOPPING`.
  await one.stack.addExecutor();
  one.link.set(black);
  const cutAtMs = Date.now();
  await one.task.cancel();
  expect(await within('the end', one.task.outcome(), 60_000)).toMatchObject({ status: 'CANCELED' });
  await expect.poll(() => one.runs(one.task.id, 'end').length, { timeout: 60_000, interval: 20 }).toBe(1);
  const endedMs = (one.runs(one.task.id, 'end')[0]?.atMs ?? 0) - cutAtMs;
  process.stdout.write(`the handler of a cut-off executor ends after ${endedMs} ms\n`);
  one.link.heal();
  // What it has to say afterwards changes nothing, and it works on.
  await within('the next task', one.stack.tasks.script.echo.run({ text: 'next' }), 60_000);
  expect(await one.task.outcome()).toMatchObject({ status: 'CANCELED' });
});

test('the task of an executor that was alone and cut off runs again on it, without a loss', {
  timeout: 120_000,
}, async () => {
  await using one = await system('abort');
  one.link.set(black);
  await expect.poll(() => one.runs(one.task.id, 'end').length, { timeout: 60_000, interval: 20 }).toBe(1);
  one.link.heal();
  await one.startedAs(one.task.id, 2);
  await one.task.cancel();
  expect(await within('the end', one.task.outcome(), 60_000)).toMatchObject({ status: 'CANCELED' });
  expect((await one.stack.events(one.task.id)).map(({ event }) => event.type)).toContain('released');
});

test('onCutOff `continue` lets a handler run on through a fault, as the same attempt', {
  timeout: 120_000,
}, async () => {
  await using one = await system('continue');
  const { id } = await one.stack.tasks.script.count.start({ steps: 16, stepMs: 500 });
  await one.startedAs(id, 1);
  one.link.set(black);
  // Longer than it takes to be cut off: the handler itself measures that time.
  await delay(2 * ackWaitMs);
  expect(one.runs(one.task.id, 'end')).toEqual([]);
  one.link.heal();
  await within('its end', one.stack.tasks.script.count.handle(id).result(), 60_000);
  expect(one.runs(id, 'start')).toHaveLength(1);
  expect(one.runs(one.task.id, 'end')).toEqual([]);
});

test.each<[string, LinkFault]>([
  ['200 ms', { delayMs: 200 }],
  ['20 kB/s', { bytesPerSecond: 20_000 }],
])('a link of %s takes no task from its executor', { timeout: 120_000 }, async (_name, fault) => {
  await using one = await system('abort');
  // Another executor would take the task, if it were delivered again: on a machine that other tests starve, it may be.
  if (isStrict) await one.stack.addExecutor();
  one.link.set(fault);
  await delay(3 * ackWaitMs);
  if (isStrict) expect(one.runs(one.task.id, 'end')).toEqual([]);
  one.link.heal();
  await one.task.cancel();
  expect(await within('the end', one.task.outcome(), 60_000)).toMatchObject({ status: 'CANCELED' });
  const types = (await one.stack.events(one.task.id)).map(({ event }) => event.type);
  expect(types.filter(type => type === 'canceled')).toHaveLength(1);
  if (isStrict) expect(types.filter(type => type === 'started')).toHaveLength(1);
});
