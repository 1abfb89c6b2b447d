import { eventThat, recordThat, type Stack, startStack } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';
import { reasonOf } from './callers.ts';

const system = (more: object = {}) =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers: scriptedHandlers, ...more });
const secondMs = 1_000;
const hourMs = 3_600 * secondMs;
/** Expiry comes by itself: that is what is waited for. */
const expiry = { timeout: 20_000, interval: 100 };

const ended = (stack: Stack<ScriptedContract>, wanted: string) =>
  recordThat(stack.broker, 'the end', ({ id, status }) => id === wanted && /ED$/.test(status));

/** Whether a gateway still knows a task: by id, and in its list. */
async function knows({ $tasks }: Stack<ScriptedContract>['tasks'], id: string) {
  const get = await $tasks.get(id).then(
    () => true,
    () => false,
  );
  return { get, list: (await $tasks.list()).tasks.some(task => task.id === id) };
}

/**
 * Has JetStream forget the message ids that it knows, by a duplicate window that is short for a moment. Gateways notice
 * the change, refuse starts and bring it back.
 */
async function forgetMessageIds({ broker, gateways }: Awaited<ReturnType<typeof system>>): Promise<void> {
  const { requestStream, subjects } = broker.topology;
  const probe = () =>
    broker.acked.publish(subjects.placeholder, new Uint8Array(), { ttl: '60s', msgID: 'probe' });
  await probe();
  const windowOf = async () => (await broker.jsm.streams.info(requestStream)).config.duplicate_window;
  const shortWindow = 100 * 1_000_000;
  // Where it was brought back before the server looked, the ids are known still.
  do {
    await broker.jsm.streams.update(requestStream, { duplicate_window: shortWindow });
    await expect.poll(windowOf, { timeout: 20_000 }).not.toBe(shortWindow);
  } while ((await probe()).duplicate);
  for (const { url } of gateways)
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 20_000 }).toBe(200);
}

describe('records of ended tasks', () => {
  it('disappear after the time of their status, from `get` and `list` of every gateway', async () => {
    const retention = { completedMs: secondMs, failedMs: hourMs, canceledMs: 2 * secondMs };
    await using stack = await system({ gateways: 2, gateway: { retention } });
    const { script } = stack.tasks;
    const completed = await script.echo.start({ text: 'a' });
    const failed = await script.fail.start({ declared: true });
    const canceled = await script.hang.start({});
    await canceled.cancel('enough');
    const subject = stack.broker.topology.subjects.recordKey('local', completed.id);
    expect(subject).toContain(completed.id);
    await Promise.all([completed, failed, canceled].map(({ id }) => ended(stack, id)));

    for (const gateway of stack.gateways) {
      const tasks = stack.tasksOf(gateway);
      const gone = { get: false, list: false };
      await expect.poll(() => knows(tasks, completed.id), expiry).toEqual(gone);
      await expect.poll(() => knows(tasks, canceled.id), expiry).toEqual(gone);
      expect(await knows(tasks, failed.id)).toEqual({ get: true, list: true });
      const handle = tasks.script.echo.handle(completed.id);
      expect(await reasonOf(handle.record())).toBe('TASK_NOT_FOUND');
      expect(await reasonOf(handle.cancel())).toBe('TASK_NOT_FOUND');
      expect(await reasonOf(handle.retry())).toBe('TASK_NOT_FOUND');
      expect(await reasonOf(handle.events().next())).toBe('TASK_NOT_FOUND');
    }
    // The events, which are kept for longer, are not what makes it known again to a gateway of tomorrow.
    expect(await stack.events(completed.id)).not.toEqual([]);
    const third = stack.tasksOf(await stack.addGateway());
    expect(await knows(third, completed.id)).toEqual({ get: false, list: false });
    expect(await knows(third, failed.id)).toEqual({ get: true, list: true });
  });

  it.each([
    ['while JetStream still knows the message id', false],
    ['when JetStream has forgotten the message id', true],
  ])('free their idempotency key: %s', async (_when, isForgotten) => {
    const retention = { completedMs: secondMs, failedMs: secondMs, canceledMs: secondMs };
    await using stack = await system({ gateways: 2, gateway: { retention } });
    const options = { idempotencyKey: 'order 7' };
    const first = await stack.tasks.script.echo.start({ text: 'a' }, options);
    await first.result();
    const end = (await stack.events(first.id)).at(-1)?.seq ?? Number.POSITIVE_INFINITY;
    for (const gateway of stack.gateways) {
      await expect
        .poll(() => knows(stack.tasksOf(gateway), first.id), expiry)
        .toEqual({ get: false, list: false });
    }
    if (isForgotten) await forgetMessageIds(stack);
    // Another input is no conflict any more. At once through both gateways: one task, which runs once.
    const raced = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        stack.tasksOf(stack.gateways[n % 2]!).script.echo.start({ text: 'b' }, options),
      ),
    );
    expect(new Set(raced.map(({ id }) => id))).toEqual(new Set([first.id]));
    expect(await raced[0]!.result()).toEqual({ text: 'b' });
    const events = await stack.events(first.id);
    expect(events.filter(({ event }) => event.type === 'completed')).toHaveLength(1);
    expect(events[0]?.seq).toBeGreaterThan(end);
    expect(events[0]?.event.task?.input).toEqual({ text: 'b' });
  });
});

describe('progress and log events', () => {
  it('expire by themselves: the stream heeds their TTL, and keeps what moves the status', async () => {
    await using stack = await system({ executors: 0 });
    const { js, topology, jsm } = stack.broker;
    const task = { id: '01890000-0000-7000-8000-000000000001', name: 'script.count' };
    const [life, output] = [topology.subjects.event(task, 'life'), topology.subjects.event(task, 'progress')];
    await js.publish(life, '{"type":"started"}');
    const brief = await js.publish(output, '{"type":"progress"}', { ttl: '1s' });
    const message = (seq: number) => jsm.streams.getMessage(topology.eventStream, { seq });
    expect(await message(brief.seq)).not.toBeNull();
    await expect.poll(() => message(brief.seq), expiry).toBeNull();
    expect(await message(brief.seq - 1)).not.toBeNull();
    // The next event follows what is left.
    const lastSubjectSequenceSubject = topology.subjects.eventsOf(task.id);
    const next = { expect: { lastSubjectSequence: brief.seq - 1, lastSubjectSequenceSubject } };
    expect((await js.publish(life, '{"type":"completed"}', next)).seq).toBe(brief.seq + 1);
  });

  it('may expire while the task runs: its executor continues, a watcher misses nothing, the record is right', async () => {
    await using stack = await system();
    const { jsm, topology } = stack.broker;
    const task = await stack.tasks.script.count.start({ steps: 3, stepMs: 1_000 });
    const seen = Array.fromAsync(task.events());
    const first = await eventThat(
      stack.broker,
      'progress',
      ({ id, event }) => id === task.id && event.type === 'progress',
    );
    // As its expiry leaves the log: what the next event expects is not there any more.
    await jsm.streams.deleteMessage(topology.eventStream, first.seq);
    expect(await task.result()).toEqual({ steps: 3 });
    const stored = (await stack.events(task.id)).map(({ event }) => event.type);
    expect(stored).toEqual(['started', 'progress', 'progress', 'log', 'completed']);
    const record = await ended(stack, task.id);
    expect(record).toMatchObject({ status: 'COMPLETED', attempt: 1, progress: { percent: 100 } });
    expect((await seen).filter(({ type }) => type === 'progress').length).toBeGreaterThanOrEqual(2);
    expect((await seen).at(-1)?.type).toBe('completed');
  });
});
