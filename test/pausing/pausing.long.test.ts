import { type HandlersOf, sandboxed, type TaskContext } from '@longhaul/executor';
import { eventThat, recordThat, type Stack, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, spawnExecutor } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { contract } from './contract.ts';

/** Takes steps until the test says that it is enough. */
function walker() {
  const enough = new AbortController();
  const began = Promise.withResolvers<void>();
  const walk = async ({ checkpoint, signal }: Pick<TaskContext, 'checkpoint' | 'signal'>) => {
    let steps = 0;
    while (!enough.signal.aborted) {
      began.resolve();
      await checkpoint();
      steps += 1;
      signal.throwIfAborted();
    }
    return { steps };
  };
  return { walk, began: began.promise, enough: () => enough.abort() };
}

let current = walker();
const url = new URL('./threaded.ts', import.meta.url);
const walk = (context: Pick<TaskContext, 'checkpoint' | 'signal'>) => current.walk(context);
const handlers: HandlersOf<typeof contract> = {
  walk: {
    plain: walk,
    threaded: sandboxed<typeof import('./threaded.ts'), 'threaded'>(url, { exportName: 'threaded' }),
    limited: walk,
    short: walk,
    unpausable: walk,
  },
};

let stack: Stack<typeof contract>;
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers,
    executor: { concurrency: 1 },
    gateway: {
      authenticate: ({ headers }) => ({ owner: String(headers['x-owner'] ?? 'ann'), role: 'user' }),
    },
  });
});
afterAll(() => stack[Symbol.asyncDispose]());

const eventOf = (id: string, type: string, of: Pick<Stack<typeof contract>, 'broker'> = stack) =>
  eventThat(of.broker, `${type} of ${id}`, stored => stored.id === id && stored.event.type === type);
const statusOf = (id: string, status: string) =>
  recordThat(stack.broker, `${id} is ${status}`, record => record.id === id && record.status === status);

/** Starts a task whose handler takes steps, and resolves when it does. */
async function walking(kind: 'plain' | 'limited' | 'short' | 'unpausable') {
  current = walker();
  const task = await stack.tasks.walk[kind].start({});
  await within('the first step', current.began);
  return task;
}

describe('a task that is paused', () => {
  it('rests at its checkpoint until it is resumed, and the events say who asked', async () => {
    const task = await walking('plain');
    const paused = eventOf(task.id, 'paused');
    expect(await task.pause()).toMatchObject({
      id: task.id,
      status: expect.stringMatching(/RUNNING|PAUSED/),
    });
    await paused;
    expect(await statusOf(task.id, 'PAUSED')).toMatchObject({ pause: { by: 'ann' }, attempt: 1 });
    expect((await stack.tasks.$tasks.list({ status: ['PAUSED'] })).tasks).toMatchObject([{ id: task.id }]);
    // Once more changes nothing.
    expect(await task.pause()).toEqual({ id: task.id, status: 'PAUSED' });
    expect(await task.resume()).toEqual({ id: task.id, status: 'RUNNING' });
    expect(await task.resume()).toEqual({ id: task.id, status: 'RUNNING' });
    expect(await statusOf(task.id, 'RUNNING')).not.toHaveProperty('pause');
    current.enough();
    expect((await task.result()).steps).toBeGreaterThan(0);
    const types = (await stack.events(task.id)).map(({ event }) => event.type);
    expect(types).toEqual(['started', 'pausing', 'paused', 'resumed', 'completed']);
    const [, pausing, , resumed] = (await stack.events(task.id)).map(({ event }) => event);
    expect([pausing, resumed]).toMatchObject([{ by: 'ann' }, { by: 'ann' }]);
  });

  it('lends its slot, and has it back before it continues', async () => {
    const first = await walking('plain');
    const firstWalk = current;
    await first.pause();
    await eventOf(first.id, 'paused');
    const second = await walking('plain');
    await first.resume();
    firstWalk.enough();
    // The only slot is the other one's: nothing can have gone on.
    expect(stack.executors[0]?.running()).toHaveLength(2);
    expect((await first.record()).status).toBe('RUNNING');
    expect((await stack.events(first.id)).at(-1)?.event.type).toBe('resumed');
    current.enough();
    await Promise.all([second.result(), first.result()]);
    const completedAt = async (id: string) => (await stack.events(id)).at(-1)?.seq ?? 0;
    expect(await completedAt(first.id)).toBeGreaterThan(await completedAt(second.id));
  });

  it('is canceled at once', async () => {
    const task = await walking('plain');
    await task.pause();
    await eventOf(task.id, 'paused');
    await task.cancel('enough');
    expect(await task.outcome()).toMatchObject({ status: 'CANCELED', reason: 'enough' });
    expect(await statusOf(task.id, 'CANCELED')).not.toHaveProperty('pause');
  });

  it('uses up no time of its attempt, but of the whole', async () => {
    const limited = await walking('limited');
    await limited.pause();
    const paused = await eventOf(limited.id, 'paused');
    // Meanwhile another one uses up its whole time: longer than this one's attempt may take.
    const short = await walking('short');
    await short.pause();
    expect(await within('the limit of the whole', short.outcome())).toMatchObject({
      status: 'FAILED',
      error: { code: 'TASK_TIMEOUT' },
    });
    expect((await limited.record()).status).toBe('PAUSED');
    await limited.resume();
    // What was left of its time is all that it has.
    expect(await within('its own limit', limited.outcome())).toMatchObject({ error: { code: 'TIMEOUT' } });
    const failed = (await stack.events(limited.id)).at(-1);
    expect(Date.parse(failed?.event.at ?? '') - Date.parse(paused.event.at)).toBeGreaterThan(1_000);
  });

  it('rests in a thread as well, and wakes there', async () => {
    const task = await stack.tasks.walk.threaded.start({ steps: 200 });
    await eventOf(task.id, 'progress');
    await task.pause();
    await eventOf(task.id, 'paused');
    const { progress } = await statusOf(task.id, 'PAUSED');
    await task.resume();
    expect(await task.result()).toEqual({ steps: 200 });
    expect(progress).not.toEqual({ percent: 99.5 });
    const canceled = await stack.tasks.walk.threaded.start({ steps: 1_000 });
    await eventOf(canceled.id, 'progress');
    await canceled.pause();
    await eventOf(canceled.id, 'paused');
    await canceled.cancel();
    expect((await canceled.outcome()).status).toBe('CANCELED');
  });
});

describe('what cannot be paused', () => {
  const refused = (call: Promise<unknown>) =>
    call.then(
      () => 'done',
      (error: { data?: { reason?: string } }) => error.data?.reason,
    );

  it('says why', async () => {
    const running = await walking('unpausable');
    expect(await refused(running.pause())).toBe('NOT_PAUSABLE');
    // The only slot is taken.
    const waiting = await stack.tasks.walk.plain.start({});
    expect(await refused(waiting.pause())).toBe('TASK_NOT_RUNNING');
    expect(await refused(waiting.resume())).toBe('done');
    const ben = stack.tasksOf(stack.gateways[0] ?? { url: '' }, { 'x-owner': 'ben' });
    expect(await refused(ben.walk.plain.handle(waiting.id).pause())).toBe('TASK_NOT_FOUND');
    expect(await refused(ben.$tasks.resume(waiting.id))).toBe('TASK_NOT_FOUND');
    current.enough();
    await running.result();
    await waiting.result();
    expect(await refused(waiting.pause())).toBe('TASK_NOT_RUNNING');
    expect(await refused(waiting.resume())).toBe('TASK_NOT_RUNNING');
    expect(await refused(stack.tasks.$tasks.pause(crypto.randomUUID()))).toBe('TASK_NOT_FOUND');
  });
});

describe('a paused task that loses its executor', () => {
  const system = () =>
    startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      executors: 0,
    });
  const paused = (of: { readonly broker: Stack<typeof contract>['broker'] }, id: string, attempt: number) =>
    eventThat(
      of.broker,
      `paused in attempt ${attempt}`,
      stored => stored.id === id && stored.event.type === 'paused' && stored.event.attempt === attempt,
    );

  it('pauses again at its first checkpoint elsewhere, unless it was resumed meanwhile', async () => {
    await using own = await system();
    const options = { natsUrl: inject('natsUrl'), namespace: own.namespace };
    await using first = await spawnExecutor(options);
    const [resting, resumed] = await Promise.all(
      [0, 1].map(async () => {
        const task = await own.tasks.script.walk.start({ steps: 150, stepMs: 10 });
        await eventThat(own.broker, 'a step', ({ id, event }) => id === task.id && event.type === 'progress');
        await task.pause();
        await paused(own, task.id, 1);
        return task;
      }),
    );
    if (!resting || !resumed) throw new Error('There are two.');
    await first.kill();
    // No executor has it, so the gateway itself says so in the log.
    expect(await resumed.resume()).toEqual({ id: resumed.id, status: 'RUNNING' });
    await using _second = await spawnExecutor(options);
    expect(await within('its end', resumed.result())).toEqual({ steps: 150, attempt: 2 });
    const pauses = (await own.events(resumed.id)).filter(({ event }) => event.type === 'paused');
    expect(pauses).toHaveLength(1);
    await paused(own, resting.id, 2);
    expect(await resting.record()).toMatchObject({ losses: 1 });
    await resting.resume();
    expect(await within('its end', resting.result())).toEqual({ steps: 150, attempt: 2 });
  });

  it('is released by one that stops, and costs no attempt', async () => {
    await using own = await system();
    const first = await own.addExecutor();
    const task = await own.tasks.script.walk.start({ steps: 150, stepMs: 10 });
    await eventThat(own.broker, 'a step', ({ id, event }) => id === task.id && event.type === 'progress');
    await task.pause();
    await paused(own, task.id, 1);
    // At once: nobody knows how long it will rest. The executor's own time to drain is longer than a test may wait.
    await within('the stop', first.stop());
    await recordThat(
      own.broker,
      'PENDING',
      ({ id, status, pause }) => id === task.id && status === 'PENDING' && !!pause,
    );
    await own.addExecutor();
    await paused(own, task.id, 2);
    await task.resume();
    expect(await within('its end', task.result())).toEqual({ steps: 150, attempt: 2 });
    expect(await task.record()).toMatchObject({ losses: 0, failures: 0 });
  });
});
