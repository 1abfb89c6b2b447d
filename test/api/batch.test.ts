import type { TaskRecord } from '@longhaul/proto/wire';
import { eventThat, recordThat, type Stack, startStack } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';
import { byHeader, reasonOf } from './callers.ts';

const system = (more: object = {}) =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers: scriptedHandlers, ...more });
const texts = (count: number) => Array.from({ length: count }, (_, n) => ({ input: { text: `${n}` } }));

/** Resolves when every one of these tasks has a record that fits. */
async function recorded(
  { broker }: Stack<ScriptedContract>,
  ids: readonly string[],
  fits: (record: TaskRecord) => boolean,
): Promise<void> {
  const waiting = new Set(ids);
  await recordThat(broker, `records of ${ids.length} tasks`, record => {
    if (fits(record)) waiting.delete(record.id);
    return waiting.size === 0;
  });
}

describe('startMany', () => {
  it('starts a thousand tasks in one call, in order, and all of them run', async () => {
    await using stack = await system({ executor: { concurrency: 50 } });
    const started = await stack.tasks.script.echo.startMany(texts(1_000));
    const tasks = started.flatMap(one => (one.ok ? [one.task] : []));
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(1_000);
    const sample = [0, 1, 499, 998, 999];
    expect(await Promise.all(sample.map(n => tasks[n]?.result()))).toEqual(
      sample.map(n => ({ text: `${n}` })),
    );
    await recorded(
      stack,
      tasks.map(({ id }) => id),
      ({ status }) => status === 'COMPLETED',
    );
  });

  it('says what is wrong with each, and starts all others', async () => {
    const payloadLimitBytes = 256 * 1024;
    await using stack = await system({ executors: 0, gateway: { payloadLimitBytes } });
    const good = { input: { text: 'good' } };
    const started = await stack.tasks.script.echo.startMany([
      good,
      { input: { text: 5 as unknown as string } },
      { ...good, priority: 'high', delayMs: 60_000 },
      { input: { text: 'x'.repeat(payloadLimitBytes) } },
      good,
    ]);
    expect(started.map(one => (one.ok ? 'started' : one.error.reason))).toEqual([
      'started',
      'INVALID_INPUT',
      'started',
      'PAYLOAD_TOO_LARGE',
      'started',
    ]);
    const wrong = started[1];
    expect(wrong?.ok === false && wrong.error.issues).toMatchObject([{ path: ['text'] }]);
    expect(wrong?.ok === false && wrong.error.message).toContain('script.echo');
    const later = started[2]?.ok === true ? await started[2].task.record() : undefined;
    expect(later).toMatchObject({ status: 'SCHEDULED', priority: 'high' });
    expect((await stack.broker.jsm.streams.info(stack.broker.topology.requestStream)).state.messages).toBe(3);
  });

  it('gives the same task for the same key, within a batch and across batches; another input is a conflict', async () => {
    await using stack = await system();
    const keyed = (text: string) => ({ input: { text }, idempotencyKey: 'order 7' });
    const first = await stack.tasks.script.echo.startMany([keyed('a'), keyed('a'), keyed('a')]);
    const again = await stack.tasks.script.echo.startMany([keyed('a'), keyed('b')]);
    const ids = [...first, ...again].flatMap(one => (one.ok ? [one.task.id] : []));
    expect(ids).toHaveLength(4);
    expect(new Set(ids).size).toBe(1);
    expect(again[1]).toMatchObject({ ok: false, error: { reason: 'IDEMPOTENCY_CONFLICT' } });
  });

  it('takes an empty batch, and no more than a thousand', async () => {
    await using stack = await system({ executors: 0 });
    expect(await stack.tasks.script.echo.startMany([])).toEqual([]);
    expect(await reasonOf(stack.tasks.script.echo.startMany(texts(1_001)))).toBe('INVALID_REQUEST');
    expect((await stack.tasks.$tasks.list()).tasks).toEqual([]);
  });
});

describe('cancelMany', () => {
  it('cancels what fits, wherever it is, and says how many came to what', async () => {
    await using stack = await system({ executor: { concurrency: 2 } });
    const { script, $tasks } = stack.tasks;
    const running = [await script.hang.start({}), await script.hang.start({})];
    for (const { id } of running)
      await eventThat(stack.broker, 'started', event => event.id === id && event.event.type === 'started');
    const waiting = await script.echo.startMany(texts(20));
    const scheduled = await script.count.start({ steps: 1 }, { delayMs: 60_000 });
    const ended = await script.echo.start({ text: 'ended' });
    await ended.cancel();
    await ended.outcome();
    await recorded(stack, [ended.id], ({ status }) => status === 'CANCELED');
    await recorded(
      stack,
      running.map(({ id }) => id),
      ({ status }) => status === 'RUNNING',
    );
    await expect.poll(async () => (await $tasks.list({ status: ['RUNNING'] })).tasks).toHaveLength(2);
    await expect.poll(async () => (await $tasks.list({ status: ['CANCELED'] })).tasks).toHaveLength(1);

    const none = { canceled: 0, stopping: 0, alreadyEnded: 0, failed: 0, more: false };
    expect(await $tasks.cancelMany({ status: ['CANCELED', 'COMPLETED'] })).toEqual(none);
    expect(await $tasks.cancelMany({ name: 'script.fail' })).toEqual(none);
    expect(await $tasks.cancelMany({ name: 'script.echo', limit: 5 })).toEqual({
      ...none,
      canceled: 5,
      more: true,
    });
    // The others, whatever the index knows by now of those that were just canceled.
    const rest = await $tasks.cancelMany({ name: 'script.echo', reason: 'enough' });
    expect(rest).toMatchObject({ failed: 0, more: false });
    // One that an executor was given a moment ago, and has released, ends a little later.
    expect(rest.canceled + rest.stopping).toBe(15);
    for (const one of waiting)
      if (one.ok) expect(await one.task.outcome()).toMatchObject({ status: 'CANCELED' });
    expect(await $tasks.cancelMany({ status: ['SCHEDULED'] })).toMatchObject({ canceled: 1 });
    expect(await $tasks.cancelMany({ name: 'script.hang', reason: 'all' })).toEqual({ ...none, stopping: 2 });
    for (const task of running)
      expect(await task.outcome()).toMatchObject({ status: 'CANCELED', reason: 'all' });
    expect(await scheduled.outcome()).toMatchObject({ status: 'CANCELED' });
    // Those that came last were told why, and those that came first were not.
    const reasons = await Promise.all(waiting.map(one => (one.ok ? one.task.outcome() : undefined)));
    expect(reasons.filter(one => one?.status === 'CANCELED' && one.reason === 'enough')).toHaveLength(15);
  });

  it('cancels nothing of another owner, except for an administrator who may name one', async () => {
    await using stack = await system({ executors: 0, gateway: { authenticate: byHeader } });
    const as = (owner: string) => stack.tasksOf(stack.gateways[0]!, { 'x-owner': owner });
    const [ann, bob, root] = [as('ann'), as('bob'), as('root')];
    await ann.script.echo.startMany(texts(3));
    const theirs = await bob.script.echo.startMany(texts(2));
    expect(await ann.$tasks.cancelMany({ owner: 'bob' })).toMatchObject({ canceled: 0, more: false });
    expect(await ann.$tasks.cancelMany()).toMatchObject({ canceled: 3, failed: 0 });
    for (const one of theirs) if (one.ok) expect((await one.task.record()).status).toBe('PENDING');
    expect(await root.$tasks.cancelMany({ owner: 'bob', limit: 1 })).toMatchObject({
      canceled: 1,
      more: true,
    });
    expect(await root.$tasks.cancelMany({ owner: 'bob' })).toMatchObject({ canceled: 1, more: false });
  });

  it('refuses a limit over ten thousand', async () => {
    await using stack = await system({ executors: 0 });
    expect(await reasonOf(stack.tasks.$tasks.cancelMany({ limit: 10_001 }))).toBe('INVALID_REQUEST');
  });
});
