import { type Broker, encode, ServerClock } from '@longhaul/broker';
import { defineTask, type TaskDefinition } from '@longhaul/proto';
import { inlineLimitBytes, stateOfRequest } from '@longhaul/proto/wire';
import { deadlineMs } from '@longhaul/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { EventWriter } from '../attempt/eventWriter.ts';
import { HandlerOutput } from '../attempt/handlerOutput.ts';
import { StartedGate } from '../attempt/startedGate.ts';
import { AttemptAborted } from './abort.ts';
import { callHandler } from './callHandler.ts';
import { fakeChildren } from './runHandler.ts';
import type { Handler } from './taskContext.ts';

afterEach(() => void vi.useRealTimers());

const graceMs = 1_000;
const definition = defineTask({
  input: z.object({ to: z.string().transform(Number) }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ sum: z.number() }),
  errors: { BAD: z.object({ n: z.int() }) },
  cancelGraceMs: graceMs,
  progressIntervalMs: 0,
});
type Task = typeof definition;

type Told = { readonly type: string; readonly message?: string; readonly fields?: unknown };

/** Calls a handler as an attempt does; what it says goes to a stream that takes everything. */
function call<T extends TaskDefinition>(task: T, handler: Handler<T>, input: unknown) {
  const abort = new AbortController();
  const told: Told[] = [];
  const acked = {
    publish: async (_subject: string, data: Uint8Array) => {
      told.push(JSON.parse(new TextDecoder().decode(data)));
      return { seq: told.length };
    },
  };
  const request = {
    v: 1,
    owner: 'alice',
    createdAt: '2026-01-01T00:00:00.000Z',
    priority: 'normal',
  } as const;
  const writer = new EventWriter({
    broker: {
      acked,
      clock: new ServerClock(),
      topology: { subjects: { event: () => 'tasks.event', eventsOf: () => 'tasks.event.>' } },
    } as unknown as Broker,
    task: { id: 'id', name: 'demo' },
    request,
    attempt: 1,
    executor: 'me',
    end: { state: stateOfRequest({}), lastSeq: 0 },
    onRefused: () => {},
    shutdownDeadline: new AbortController().signal,
  });
  const gate = new StartedGate(10, () => writer.append({ type: 'started', attempt: 1, executor: 'me' }));
  const output = new HandlerOutput<TaskDefinition>(task, 1, writer, gate);
  const called = {
    definition: task,
    task: { id: 'id', name: 'demo', owner: 'alice', createdAt: request.createdAt },
    input,
    attempt: 1,
    fence: 1,
    output,
    signal: abort.signal,
    children: fakeChildren(undefined),
    pauses: { checkpoint: async () => {}, onRequest: () => {} },
  };
  const ended = callHandler(called, handler as unknown as Handler<TaskDefinition>);
  return { ended, abort, told, output };
}
const run = (handler: Handler<Task>, input: unknown = { to: '3' }) => call(definition, handler, input);
const canceled = new AttemptAborted('CANCELED', 'The task was canceled.');

/** A handler that waits, and a promise that tells when it has begun to. */
function waiting(heed: (signal: AbortSignal) => Promise<{ sum: number }>) {
  const begun = Promise.withResolvers<void>();
  const handler: Handler<Task> = ctx => {
    begun.resolve();
    return heed(ctx.signal);
  };
  return { begun: begun.promise, handler };
}
const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('a handler', () => {
  test('gets the parsed input, and what it returns completes the task', async () => {
    const { ending } = await run(ctx => ({ sum: ctx.input.to + 1 })).ended;
    expect(ending).toEqual({ kind: 'completed', output: { sum: 4 } });
  });

  test.each<[string, Handler<Task>, unknown, string]>([
    ['is not called with an input that does not fit', () => ({ sum: 1 }), { to: 5 }, 'INVALID_INPUT'],
    [
      'throws',
      () => {
        throw new Error('no');
      },
      { to: '1' },
      'HANDLER_ERROR',
    ],
    [
      'rejects',
      async () => {
        throw new Error('no');
      },
      { to: '1' },
      'HANDLER_ERROR',
    ],
    [
      'throws a declared error',
      ctx => {
        throw ctx.error('BAD', 'no', { n: 1 });
      },
      { to: '1' },
      'BAD',
    ],
    ['returns what does not fit', () => ({ sum: 'x' }) as never, { to: '1' }, 'INVALID_OUTPUT'],
    [
      'reports what does not fit',
      ctx => {
        ctx.progress({ percent: 'x' } as never);
        return { sum: 1 };
      },
      { to: '1' },
      'INVALID_PROGRESS',
    ],
  ])('that %s fails the task', async (_what, handler, input, code) => {
    const { ending, handlerEnded } = await run(handler, input).ended;
    expect(ending).toMatchObject({ kind: 'failed', error: { code } });
    await handlerEnded;
  });

  test('is not called when the schema of the input throws', async () => {
    const careless = defineTask({
      input: z.string().transform(text => JSON.parse(text)),
      output: z.string(),
    });
    const handler = vi.fn(() => 'x');
    const { ending } = await call(careless, handler, 'not JSON').ended;
    expect(ending).toMatchObject({ kind: 'failed', error: { code: 'INVALID_INPUT' } });
    expect(handler).not.toHaveBeenCalled();
  });

  test('with a huge faulty input fails in one message', async () => {
    const rows = defineTask({ input: z.array(z.string()), output: z.string() });
    const { ending } = await call(
      rows,
      () => 'x',
      Array.from({ length: 20_000 }, () => 1),
    ).ended;
    expect(ending).toMatchObject({ error: { code: 'INVALID_INPUT' } });
    expect(encode(ending).length).toBeLessThan(inlineLimitBytes);
  });
});

describe('invariant 5, cancel-means-stop', () => {
  test('a handler is not called once the signal is aborted', async () => {
    const handler = vi.fn(() => ({ sum: 1 }));
    const { ended, abort } = run(handler);
    abort.abort(canceled);
    expect((await ended).ending).toEqual({ kind: 'canceled', handlerStillRunning: false });
    expect(handler).not.toHaveBeenCalled();
  });

  test('a handler that heeds its signal ends the task at once', async () => {
    const { begun, handler } = waiting(untilAborted);
    const { ended, abort } = run(handler);
    await begun;
    abort.abort(canceled);
    const { ending, handlerEnded } = await ended;
    expect(ending).toEqual({ kind: 'canceled', handlerStillRunning: false });
    await handlerEnded;
  });

  test('what a handler returns after its abort no longer counts', async () => {
    const { begun, handler } = waiting(signal => untilAborted(signal).catch(() => ({ sum: 1 })));
    const { ended, abort } = run(handler);
    await begun;
    abort.abort(new AttemptAborted('TIMEOUT', 'too long'));
    expect((await ended).ending).toMatchObject({ kind: 'failed', error: { code: 'TIMEOUT' } });
  });

  test('a handler that ignores its signal is reported after the grace period, and its end is known', async () => {
    vi.useFakeTimers();
    const work = Promise.withResolvers<{ sum: number }>();
    const { begun, handler } = waiting(() => work.promise);
    const { ended, abort } = run(handler);
    await begun;
    abort.abort(canceled);
    await vi.advanceTimersByTimeAsync(graceMs - 1);
    const early = vi.fn();
    void ended.then(early);
    await vi.advanceTimersByTimeAsync(0);
    expect(early).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    const { ending, handlerEnded } = await ended;
    expect(ending).toEqual({ kind: 'canceled', handlerStillRunning: true });

    const over = vi.fn();
    void handlerEnded.then(over);
    await vi.advanceTimersByTimeAsync(0);
    expect(over).not.toHaveBeenCalled();
    work.reject(new Error('at last'));
    await handlerEnded;
  });

  test('an abort while the handler’s first lines run is seen as well', async () => {
    vi.useFakeTimers();
    const never = new Promise<never>(() => {});
    const { ended, abort } = run(() => {
      abort.abort(canceled);
      return never;
    });
    await vi.advanceTimersByTimeAsync(graceMs);
    expect((await ended).ending).toEqual({ kind: 'canceled', handlerStillRunning: true });
  });

  test('nothing is left behind: no timer, no listener', async () => {
    vi.useFakeTimers();
    const { ended, abort, output } = run(() => ({ sum: 1 }));
    await ended;
    await output.flush();
    await vi.advanceTimersByTimeAsync(10);
    expect(vi.getTimerCount()).toBe(0);
    abort.abort(canceled);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('what a handler says', () => {
  test('follows its started, in order', async () => {
    const { ended, told, output } = run(ctx => {
      ctx.log.info('first');
      ctx.progress({ percent: 50 });
      return { sum: 1 };
    });
    await ended;
    await output.flush();
    expect(told.map(({ type }) => type)).toEqual(['started', 'log', 'progress']);
  });

  test.each<[string, Record<string, unknown>]>([
    ['a bigint', { n: 1n }],
    [
      'a circle',
      (() => {
        const a: Record<string, unknown> = {};
        a.a = a;
        return a;
      })(),
    ],
    ['too much', { text: 'x'.repeat(2 * inlineLimitBytes) }],
  ])('a log line whose fields are %s hurts neither the task nor the executor', async (_what, fields) => {
    const { ended, told, output } = run(async ctx => {
      ctx.log.info('early', fields);
      await vi.waitFor(() => expect(told.map(({ type }) => type)).toContain('log'), { timeout: deadlineMs });
      ctx.log.info('late', fields);
      return { sum: 1 };
    });
    expect((await ended).ending.kind).toBe('completed');
    await output.flush();
    const lines = told.filter(({ type }) => type === 'log');
    expect(lines.map(({ message }) => message)).toEqual(['early', 'late']);
    for (const line of lines) expect(encode(line).length).toBeLessThan(inlineLimitBytes);
  });
});
