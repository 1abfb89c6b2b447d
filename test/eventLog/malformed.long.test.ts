import { findAccepted } from '@longhaul/broker';
import type { EventKind } from '@longhaul/proto/wire';
import { eventThat, recordThat, type Stack, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, taskEvent } from '@longhaul/testkit';
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

describe('nothing that is in a stream, no matter who wrote it, makes a task stuck: a message', () => {
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
      // While no executor has it and its time runs out.
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

  it.each(['started', 'completed', 'failed'] as const)(
    'that is a well-formed %s, and was published instead of appended',
    async type => {
      await using stack = await system({ executors: 0 });
      const task = await stack.tasks.script.echo.start({ text: 'x' });
      const owner = (await findAccepted(stack.broker, task.id))?.owner ?? 'nobody';
      const body = { attempt: 1, executor: 'x', owner };
      const event = {
        started: taskEvent({ ...body, type: 'started' }),
        completed: taskEvent({ ...body, type: 'completed', output: { text: 'forged' } }),
        failed: taskEvent({ ...body, type: 'failed', error: { code: 'X', message: '' } }),
      }[type];
      await put(stack, task.id, 'script.echo', 'life', JSON.stringify(event));
      await stack.addExecutor();
      expect(await within('the end', task.outcome())).toMatchObject({
        status: 'COMPLETED',
        output: { text: 'x' },
      });
      await recordThat(
        stack.broker,
        'its record',
        ({ id, status }) => id === task.id && status === 'COMPLETED',
      );
    },
  );

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
      { numRuns: 60 },
    );
  }, 120_000);
});
