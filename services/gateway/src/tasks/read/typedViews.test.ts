import { defineTask } from '@longhaul/proto';
import { recordOfRequest, type TaskEvent, type TaskRecord } from '@longhaul/proto/wire';
import { taskEvent } from '@longhaul/testkit';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { anyRecord, typedEvent, typedOutcome, typedRecord } from './typedViews.ts';

const definition = defineTask({
  input: z.object({ to: z.number() }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ sum: z.number(), note: z.string().default('none') }),
  errors: { BAD: z.object({ n: z.int() }) },
});
const record = recordOfRequest('01890000-0000-7000-8000-000000000000', 'demo.count', {
  v: 1,
  owner: 'alice',
  createdAt: '2026-01-01T00:00:00.000Z',
  priority: 'normal',
  input: { to: 3 },
});
const at = '2026-01-01T00:00:00.000Z';
const bad = { code: 'BAD', message: 'no', data: { n: 1, more: 2 } };
const { id } = record;

/** A wrong value in every part of a record that the definition speaks of: what is named, the record, what is said instead. */
const wrongData = { code: 'HANDLER_ERROR', message: 'BAD (its data does not fit this contract): no' };
const faults: readonly [string, Partial<TaskRecord>, object][] = [
  ['input', { status: 'RUNNING', input: { to: 'x' } }, {}],
  ['progress', { status: 'RUNNING', progress: { percent: 'x' } }, {}],
  ['output', { status: 'COMPLETED', output: { sum: 'x' } }, {}],
  ['error', { status: 'FAILED', error: { ...bad, data: { n: 'x' } } }, { error: wrongData }],
  [
    'error',
    { status: 'RETRYING', error: { code: 'GONE', message: 'no' } },
    { error: { code: 'HANDLER_ERROR', message: 'GONE (not declared by this contract): no' } },
  ],
];

describe('a record', () => {
  test('is parsed where the definition says something of it, and is else as it was', async () => {
    const completed = {
      ...record,
      status: 'COMPLETED',
      progress: { percent: 9, x: 1 },
      output: { sum: 6, x: 1 },
    } as const;
    const { v: _v, ...rest } = completed;
    expect(await typedRecord(definition, completed)).toEqual({
      ...rest,
      progress: { percent: 9 },
      output: { sum: 6, note: 'none' },
    });
  });

  test.each(faults)('with a wrong %s leaves that out and names it', async (part, wrong, instead) => {
    const whole = { ...record, ...wrong };
    const { v: _v, [part as 'input']: _left, ...rest } = whole;
    expect(await typedRecord(definition, whole)).toEqual({ ...rest, ...instead, unfit: [part] });
  });

  test('of which nothing fits still says where the task stands', async () => {
    const progress = { percent: 'x' };
    const whole = { ...record, status: 'COMPLETED', input: 1, progress, output: 1, error: bad } as const;
    const { v: _v, input: _input, progress: _progress, output: _output, ...rest } = whole;
    expect(await typedRecord(definition, whole)).toEqual({
      ...rest,
      error: { ...bad, data: { n: 1 } },
      unfit: ['input', 'progress', 'output'],
    });
  });

  test('whose payloads lie elsewhere is not judged by them', async () => {
    const ref = { object: 'a', bytes: 1, digest: 'b' };
    const { input: _input, ...rest } = record;
    const large = { ...rest, status: 'COMPLETED' as const, inputRef: ref, outputRef: ref } as TaskRecord;
    expect(await typedRecord(definition, large)).not.toHaveProperty('unfit');
  });

  test('is parsed by checks that are asynchronous, and by checks that throw', async () => {
    const odd = defineTask({
      input: z.unknown(),
      progress: z.number().refine(() => {
        throw new Error('a broken check');
      }),
      output: z.number().refine(async n => n > 0),
    });
    const completed = { ...record, status: 'COMPLETED', progress: 1, output: 1 } as const;
    expect(await typedRecord(odd, completed)).toMatchObject({ output: 1, unfit: ['progress'] });
    expect(await typedRecord(odd, { ...completed, output: 0 })).toMatchObject({
      unfit: ['progress', 'output'],
    });
  });

  test('for callers without types is as it was recorded, and names what does not fit', async () => {
    const { v: _v, ...rest } = record;
    expect(await anyRecord(undefined, record)).toEqual(rest);
    expect(await anyRecord(definition, record)).toEqual(rest);
    for (const [part, wrong] of faults)
      expect(await anyRecord(definition, { ...record, ...wrong })).toEqual({
        ...rest,
        ...wrong,
        unfit: [part],
      });
  });
});

describe('a failure', () => {
  const failureOf = async (error: TaskRecord['error']) => {
    const failed = { ...record, status: 'FAILED' as const, ...(error ? { error } : {}) };
    return ((await typedRecord(definition, failed)) as { error?: unknown }).error;
  };

  test('that is declared has its data', async () => {
    expect(await failureOf(bad)).toEqual({ code: 'BAD', message: 'no', data: { n: 1 } });
  });
  test('of Longhaul has none', async () => {
    expect(await failureOf({ code: 'TIMEOUT', message: 'long', data: 1 })).toEqual({
      code: 'TIMEOUT',
      message: 'long',
    });
  });
  test.each(['OTHER', 'constructor', 'toString'])(
    '%s that this contract does not declare says so',
    async code => {
      expect(await failureOf({ code, message: 'no' })).toEqual({
        code: 'HANDLER_ERROR',
        message: expect.stringContaining(code),
      });
    },
  );
});

describe('an outcome', () => {
  test.each<[Partial<TaskRecord>, object]>([
    [{ status: 'PENDING' }, { done: false, status: 'PENDING' }],
    [
      { status: 'RUNNING', progress: { percent: 1 } },
      { done: false, status: 'RUNNING', progress: { percent: 1 } },
    ],
    [
      { status: 'COMPLETED', output: { sum: 6 } },
      { done: true, status: 'COMPLETED', output: { sum: 6, note: 'none' } },
    ],
    [
      { status: 'FAILED', error: bad },
      { done: true, status: 'FAILED', error: { ...bad, data: { n: 1 } } },
    ],
    [{ status: 'CANCELED' }, { done: true, status: 'CANCELED' }],
    [
      { status: 'CANCELED', cancelReason: 'enough' },
      { done: true, status: 'CANCELED', reason: 'enough' },
    ],
  ])('of %j', async (more, outcome) => {
    expect(await typedOutcome(definition, { ...record, ...more })).toEqual({ id, ...outcome });
  });

  test.each(faults.slice(1))(
    'with a wrong %s names it and is an outcome all the same',
    async (part, wrong, instead) => {
      const { status } = { ...record, ...wrong };
      expect(await typedOutcome(definition, { ...record, ...wrong })).toEqual({
        id,
        status,
        done: status === 'COMPLETED' || status === 'FAILED',
        ...(status === 'RETRYING' ? {} : { unfit: [part], ...instead }),
      });
    },
  );

  test('may be nothing where the schema says so', async () => {
    const optional = defineTask({ input: z.string(), output: z.string().optional() });
    expect(await typedOutcome(optional, { ...record, status: 'COMPLETED' })).toMatchObject({
      done: true,
      status: 'COMPLETED',
    });
  });
});

describe('an event', () => {
  const executor = 'a';
  const request = { v: 1, owner: 'alice', createdAt: at, priority: 'normal', input: { secret: 1 } } as const;
  test.each<[TaskEvent, object]>([
    [
      taskEvent({ type: 'started', attempt: 1, executor, task: request }),
      { type: 'started', attempt: 1, executor },
    ],
    [
      taskEvent({ type: 'progress', attempt: 1, progress: { percent: 1, x: 1 } }),
      { type: 'progress', attempt: 1, ordinal: 1, progress: { percent: 1 } },
    ],
    [
      taskEvent({ type: 'log', attempt: 1, level: 'info', message: 'hi' }),
      { type: 'log', attempt: 1, ordinal: 1, level: 'info', message: 'hi' },
    ],
    [taskEvent({ type: 'stopping', reason: 'enough' }), { type: 'stopping', reason: 'enough' }],
    [
      taskEvent({ type: 'completed', attempt: 1, executor, output: { sum: 6 } }),
      { type: 'completed', attempt: 1, executor, output: { sum: 6, note: 'none' } },
    ],
    [
      taskEvent({ type: 'failed', attempt: 1, executor, error: bad }),
      { type: 'failed', attempt: 1, executor, error: { ...bad, data: { n: 1 } } },
    ],
    [
      taskEvent({ type: 'retrying', attempt: 1, executor, error: bad, nextAttemptAt: at }),
      { type: 'retrying', attempt: 1, executor, error: { ...bad, data: { n: 1 } }, nextAttemptAt: at },
    ],
    [
      taskEvent({ type: 'canceled', handlerStillRunning: true }),
      { type: 'canceled', handlerStillRunning: true },
    ],
  ])('%j', async (event, shown) => {
    expect(await typedEvent(definition, event)).toEqual({ at, ...shown });
  });

  test.each<[TaskEvent, object]>([
    [
      taskEvent({ type: 'progress', attempt: 1, progress: { percent: 'x' } }),
      { type: 'unfit', attempt: 1, ordinal: 1, unfit: ['progress'] },
    ],
    [
      taskEvent({ type: 'completed', attempt: 1, executor, output: { sum: 'x' } }),
      { type: 'completed', attempt: 1, executor, unfit: ['output'] },
    ],
    [
      taskEvent({ type: 'failed', attempt: 1, executor, error: { ...bad, data: 1 } }),
      { type: 'failed', attempt: 1, executor, error: wrongData, unfit: ['error'] },
    ],
    [
      taskEvent({ type: 'retrying', attempt: 1, executor, error: { ...bad, data: 1 }, nextAttemptAt: at }),
      { type: 'retrying', attempt: 1, executor, error: wrongData, unfit: ['error'], nextAttemptAt: at },
    ],
  ])('that does not fit is one that says so: %j', async (event, shown) => {
    expect(await typedEvent(definition, event)).toEqual({ at, ...shown });
  });
});
