import { lastLifecycle, readLogEnd } from '@longhaul/broker';
import { type EventKind, stateOfRequest } from '@longhaul/proto/wire';
import {
  deadlineMs,
  eventThat,
  recordThat,
  type Stack,
  scriptedContract,
  scriptedHandlers,
  startStack,
  taskEvent,
  within,
} from '@longhaul/testing';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, inject, it } from 'vitest';

type System = Stack<typeof scriptedContract>;
type Row = readonly [what: string, kind: EventKind, payload: string, path: string];

const started = taskEvent({ type: 'started', attempt: 1, executor: 'x' });
const failed = taskEvent({ type: 'failed', attempt: 1, executor: 'x', error: { code: 'X', message: '' } });
const line = taskEvent({ type: 'log', attempt: 1, level: 'info', message: 'hi' });
const progress = taskEvent({ type: 'progress', attempt: 1, progress: 1 });
const rows: readonly Row[] = [
  ['that is not JSON', 'life', '{"type":', ''],
  ['that is no object', 'life', '7', ''],
  ['of another version', 'life', JSON.stringify({ ...started, v: 1 }), 'v'],
  ['of an unknown type', 'life', JSON.stringify({ ...started, type: 'exploded' }), 'type'],
  [
    'with a message that is a list',
    'life',
    JSON.stringify({ ...failed, error: { code: 'X', message: ['must be a string'] } }),
    'error.message',
  ],
  ['without the state', 'life', JSON.stringify({ ...started, state: undefined }), 'state'],
  [
    'with a state that it cannot leave',
    'life',
    JSON.stringify({
      ...started,
      state: { ...started, status: 'COMPLETED', attempt: 1, failures: 0, losses: 0, events: 1 },
    }),
    'state.status',
  ],
  ['of another kind than its subject', 'log', JSON.stringify(failed), 'type'],
  ['that is a line without a level', 'log', JSON.stringify({ ...line, level: undefined }), 'level'],
  [
    'of progress without an ordinal',
    'progress',
    JSON.stringify({ ...progress, ordinal: undefined }),
    'ordinal',
  ],
];

/** A foreign writer: it knows the subject, and expects nothing. */
async function put(
  stack: System,
  id: string,
  name: string,
  kind: EventKind,
  payload: string,
): Promise<number> {
  const { js, topology } = stack.broker;
  return (await js.publish(topology.subjects.event({ id, name }, kind), payload)).seq;
}

const system = (more: object = {}) =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executor: { concurrency: 20 },
    ...more,
  });

describe('nothing that is in a stream, whoever wrote it, makes a task stuck: a message', () => {
  it.each(rows)(
    '%s',
    async (_what, kind, payload, path) => {
      const warnings: Record<string, unknown>[] = [];
      const logger = pino({ level: 'warn' }, { write: line => void warnings.push(JSON.parse(line)) });
      await using stack = await system({ gateway: { logger } });
      const { script, $tasks } = stack.tasks;
      const address = (name: string, id: string) => [stack, id, `script.${name}`, kind, payload] as const;

      // Before anything else: it is the first of the log.
      const first = await script.echo.start({ text: 'a' }, { delayMs: 500 });
      const seq = await put(...address('echo', first.id));
      // While it waits, and is then canceled.
      const waiting = await script.echo.start({ text: 'b' }, { delayMs: 60_000 });
      await put(...address('echo', waiting.id));
      // While it runs, and is then canceled; and while it runs, and ends by itself.
      const hanging = await script.hang.start({});
      const counting = await script.count.start({ steps: 20, stepMs: 20 });
      for (const { id } of [hanging, counting])
        await eventThat(
          stack.broker,
          'started',
          stored => stored.id === id && stored.event.type === 'started',
        );
      const watching = Array.fromAsync(counting.events());
      await put(...address('hang', hanging.id));
      await put(...address('count', counting.id));
      // While nobody has it and its time runs out.
      const late = await script.echo.start(
        { text: 'c' },
        { delayMs: 60_000, policy: { totalTimeoutMs: 1_000 } },
      );
      await put(...address('echo', late.id));

      expect(await within('cancel', waiting.cancel('enough'))).toMatchObject({ status: 'CANCELED' });
      expect(await within('first', first.outcome())).toMatchObject({ status: 'COMPLETED' });
      expect(await within('counting', counting.outcome())).toMatchObject({ status: 'COMPLETED' });
      const seen = await within('the watch', watching);
      expect(seen.at(-1)?.type).toBe('completed');
      expect((await stack.events(counting.id)).map(({ seq: one }) => String(one))).toEqual(
        expect.arrayContaining(seen.slice(1).map(({ eventId }) => eventId)),
      );
      await recordThat(
        stack.broker,
        'its record',
        ({ id, status }) => id === counting.id && status === 'COMPLETED',
      );
      // All that is left, in one call: what runs and what waits.
      const { canceled, stopping, failed: notCanceled } = await within('cancelMany', $tasks.cancelMany({}));
      expect({ ended: canceled + stopping >= 1, notCanceled }).toEqual({ ended: true, notCanceled: 0 });
      expect(await within('hanging', hanging.outcome())).toMatchObject({ status: 'CANCELED' });
      expect(['CANCELED', 'FAILED']).toContain((await within('late', late.outcome())).status);

      const about = warnings.filter(warning => warning.taskId === first.id);
      expect(about).toEqual([
        expect.objectContaining({
          level: 40,
          seq,
          subject: stack.broker.topology.subjects.event({ id: first.id, name: 'script.echo' }, kind),
          path,
        }),
      ]);
    },
    60_000,
  );

  it('behind which the total time runs out: the gateway ends the task', async () => {
    await using stack = await system({ executors: 0 });
    const task = await stack.tasks.script.echo.start({ text: 'x' }, { policy: { totalTimeoutMs: 1_000 } });
    for (const [, kind, payload] of rows) await put(stack, task.id, 'script.echo', kind, payload);
    expect(await within('the end', task.outcome())).toMatchObject({
      status: 'FAILED',
      error: { code: 'TASK_TIMEOUT' },
    });
  });

  it('of any shape, at any time, any number of them', async () => {
    await using stack = await system();
    const payload = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom(...rows.map(([, , text]) => text)),
      fc
        .record({
          v: fc.constantFrom(1, 2),
          type: fc.constantFrom('started', 'failed', 'log'),
          at: fc.string(),
        })
        .map(body => JSON.stringify(body)),
    );
    const kind = fc.constantFrom<EventKind>('life', 'progress', 'log');
    const message = fc.record({ kind, payload, afterMs: fc.integer({ min: 0, max: 30 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (messages, cancel) => {
          const task = await stack.tasks.script.count.start({ steps: 10, stepMs: 5 });
          for (const { kind: one, payload: text, afterMs } of messages) {
            await new Promise(resolve => setTimeout(resolve, afterMs));
            await put(stack, task.id, 'script.count', one, text);
          }
          if (cancel) await within('cancel', task.cancel());
          const { status } = await within('the end', task.outcome());
          expect(cancel ? ['CANCELED', 'COMPLETED'] : ['COMPLETED']).toContain(status);
          await recordThat(
            stack.broker,
            'its record',
            record => record.id === task.id && record.status === status,
          );
        },
      ),
      { numRuns: 15 },
    );
  }, 120_000);
});

describe('a foreign event that is well formed and no step that the task can take', () => {
  const at = '2027-01-01T00:00:00.000Z';
  const by = { attempt: 2, executor: 'x', at };
  const retried = { error: { code: 'X', message: '' }, nextAttemptAt: at };
  const revivals = [
    taskEvent({ type: 'started', ...by }),
    taskEvent({ type: 'paused', ...by }),
    taskEvent({ type: 'retrying', ...by, ...retried }),
    taskEvent({ type: 'released', ...by }),
    taskEvent({ type: 'stopping', at }),
  ];

  it.each(revivals.map(event => [event.type, event] as const))(
    '"%s" after its end does not revive it: it is not run, canceled or waited for again',
    async (_type, event) => {
      await using stack = await system();
      const { echo } = stack.tasks.script;
      const task = await echo.start({ text: 'a' }, { idempotencyKey: 'once' });
      expect(await task.outcome()).toMatchObject({ status: 'COMPLETED' });
      const before = await stack.events(task.id);
      const { owner } = before[0]?.event ?? event;
      const address = { id: task.id, name: 'script.echo' };
      // Twice: the second could follow the first.
      for (let n = 0; n < 2; n += 1)
        await put(stack, task.id, address.name, 'life', JSON.stringify({ ...event, owner }));

      const end = await readLogEnd(stack.broker, address, stateOfRequest({}));
      expect(end.state).toMatchObject({ status: 'COMPLETED', attempt: 1 });
      expect((await lastLifecycle(stack.broker, address))?.event.type).toBe('completed');
      // Delivered once more, as after an acknowledgement that was lost.
      const { jsm, js, topology } = stack.broker;
      const subject = topology.subjects.request({ ...address, priority: 'normal' });
      const request = { v: 1, owner, createdAt: at, priority: 'normal', input: { text: 'a' } };
      await js.publish(subject, JSON.stringify(request));
      const waiting = () => jsm.streams.getMessage(topology.requestStream, { last_by_subj: subject });
      await expect.poll(waiting, { timeout: deadlineMs }).toBeNull();
      expect(await within('cancel', task.cancel())).toMatchObject({ status: 'COMPLETED' });
      expect(await within('outcome', task.outcome())).toMatchObject({ status: 'COMPLETED' });
      expect(await task.record()).toMatchObject({ status: 'COMPLETED', attempt: 1 });
      expect(await stack.events(task.id)).toHaveLength(before.length + 2);
    },
  );

  it('"paused" before it was started does not have decisions follow its state', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.echo.start({ text: 'a' }, { delayMs: 60_000 });
    const address = { id: task.id, name: 'script.echo' };
    const paused = taskEvent({ type: 'paused', attempt: 1, executor: 'x' });
    const foreign = { ...paused, state: { ...('state' in paused ? paused.state : {}), events: 1 } };
    const lastSeq = await put(stack, task.id, address.name, 'life', JSON.stringify(foreign));
    const end = await readLogEnd(stack.broker, address, stateOfRequest({ scheduledFor: at }));
    expect(end).toMatchObject({ lastSeq, state: { status: 'SCHEDULED', attempt: 0 } });
    expect(await within('cancel', task.cancel())).toMatchObject({ status: 'CANCELED' });
  });
});
