import { appendEvent, BadMessageError } from '@longhaul/broker';
import { recordOfRequest, stateOfRequest, type TaskEvent, type TaskRequest } from '@longhaul/proto/wire';
import { startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { pino } from 'pino';
import { expect, inject, it } from 'vitest';
import { EventWriter } from '../../services/executor/src/attempt/eventWriter.ts';

const task = { id: '01890000-0000-7000-8000-000000000000', name: 'script.echo' };
const request: TaskRequest = {
  v: 1,
  owner: 'o',
  createdAt: '2026-01-01T00:00:00.000Z',
  priority: 'normal',
  input: { text: 'x' },
};
const base = { v: 2, owner: 'o', at: '2026-01-01T00:00:00.000Z', task: request, attempt: 1 } as const;
const state = { status: 'COMPLETED', attempt: 1, executor: 'e', failures: 0, losses: 0, events: 1 };
const error = { code: 'HANDLER_ERROR', message: ['name must be a string'] };

it.each<[string, object, RegExp]>([
  ['failed', { type: 'failed', error }, /error\.message/],
  ['retrying', { type: 'retrying', executor: 'e', error, nextAttemptAt: base.at }, /error\.message/],
  ['log', { type: 'log', level: 'loud', message: 'x' }, /level/],
  ['completed', { type: 'completed', executor: 'e', output: { n: 1n }, state }, /no JSON/],
  ['stateless', { type: 'completed', executor: 'e' }, /state/],
  ['unknown', { type: 'exploded' }, /type/],
])('a %s event that does not fit the protocol is not written', async (_type, event, names) => {
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
  });
  const written = appendEvent(stack.broker, task, { ...base, ...event } as unknown as TaskEvent, 0);
  await expect(written).rejects.toThrow(BadMessageError);
  await expect(written).rejects.toThrow(names);
  expect(await stack.events()).toEqual([]);
});

it('an end that does not fit the protocol becomes a failure that says so, and progress is let go', async () => {
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
  });
  const unfit: string[] = [];
  const writer = new EventWriter({
    broker: stack.broker,
    task,
    request,
    attempt: 1,
    executor: 'e',
    end: { state: stateOfRequest(request), lastSeq: 0 },
    onRefused: () => {},
    onUnfit: type => unfit.push(type),
    shutdownDeadline: new AbortController().signal,
  });
  writer.publish({ type: 'progress', attempt: 1, progress: { n: 1n } });
  const end = { type: 'failed', attempt: 1, executor: 'e', error } as never;
  expect(await within('the end', writer.append(end))).toBe('accepted');
  expect(unfit).toEqual(['progress', 'failed']);
  expect(await stack.events()).toMatchObject([
    { event: { type: 'failed', error: { message: expect.stringContaining('error.message') } } },
  ]);
});

it('an executor logs at warn why an attempt failed, with task, attempt, stack and causes', async () => {
  const lines: unknown[] = [];
  const logger = pino({ level: 'warn' }, { write: line => void lines.push(JSON.parse(line)) });
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: {
      script: {
        ...scriptedHandlers.script,
        echo: () => {
          const cause = Object.assign(new Error('connect nats://u:secret@h'), { code: 'ECONNREFUSED' });
          throw new TypeError('fetch failed', { cause });
        },
      },
    },
    executor: { logger },
  });
  const started = await stack.tasks.script.echo.start({ text: 'x' });
  await within('the end', started.outcome());
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 40,
      taskId: started.id,
      task: 'script.echo',
      attempt: 1,
      err: {
        code: 'HANDLER_ERROR',
        name: 'TypeError',
        message: 'fetch failed',
        stack: expect.stringContaining('written.long.test.ts'),
        causes: [expect.objectContaining({ code: 'ECONNREFUSED', message: 'connect nats://[Redacted]@h' })],
      },
    }),
  );
});

it('the executor names each field of an input that does not fit its contract', async () => {
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
  });
  const { subjects } = stack.broker.topology;
  const id = recordOfRequest(task.id, task.name, request).id;
  const wrong = { ...request, input: { text: 5 } };
  await stack.broker.js.publish(subjects.request({ ...task, id, priority: 'normal' }), JSON.stringify(wrong));
  await within(
    'the failure',
    (async () => {
      while ((await stack.events(id)).length === 0) await new Promise(resolve => setTimeout(resolve, 50));
    })(),
  );
  expect((await stack.events(id)).at(-1)?.event).toMatchObject({
    type: 'failed',
    error: {
      code: 'INVALID_INPUT',
      message:
        "The input does not fit the executor's schema:\n✖ Invalid input: expected string, received number\n  → at text",
    },
  });
});
