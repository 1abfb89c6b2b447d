import { defineTask, GatewayError, recordOfRequest, type TaskEvent, type TaskRecord } from '@longhaul/proto';
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
const base = { v: 1, owner: 'alice', at } as const;
const bad = { code: 'BAD', message: 'no', data: { n: 1, more: 2 } };
const mismatch = expect.objectContaining({ code: 'CONTRACT_MISMATCH' });
const { id } = record;

/** A wrong value in every part of a record that the definition speaks of. */
const faults: readonly [string, Partial<TaskRecord>][] = [
  ['progress', { status: 'RUNNING', progress: { percent: 'x' } }],
  ['output', { status: 'COMPLETED', output: { sum: 'x' } }],
  ['data of BAD', { status: 'FAILED', error: { ...bad, data: { n: 'x' } } }],
];

describe('a record', () => {
  test('is parsed where the definition says something of it, and is else as it was', () => {
    const completed = {
      ...record,
      status: 'COMPLETED',
      progress: { percent: 9, x: 1 },
      output: { sum: 6, x: 1 },
    } as const;
    const { v: _v, ...rest } = completed;
    expect(typedRecord(definition, completed)).toEqual({
      ...rest,
      progress: { percent: 9 },
      output: { sum: 6, note: 'none' },
    });
  });

  test.each(faults)('with a wrong %s is another contract’s', (part, wrong) => {
    const read = () => typedRecord(definition, { ...record, ...wrong });
    expect(read).toThrow(GatewayError);
    expect(read).toThrow(mismatch);
    expect(read).toThrow(part);
  });

  test('without a definition says everything but the version of its format', () => {
    const { v: _v, ...rest } = record;
    expect(anyRecord(record)).toEqual(rest);
  });
});

describe('a failure', () => {
  const failureOf = (error: TaskRecord['error']) => {
    const failed = { ...record, status: 'FAILED' as const, ...(error ? { error } : {}) };
    return (typedRecord(definition, failed) as { error?: unknown }).error;
  };

  test('that is declared has its data', () => {
    expect(failureOf(bad)).toEqual({ code: 'BAD', message: 'no', data: { n: 1 } });
  });
  test('of Longhaul has none', () => {
    expect(failureOf({ code: 'TIMEOUT', message: 'long', data: 1 })).toEqual({
      code: 'TIMEOUT',
      message: 'long',
    });
  });
  test.each(['OTHER', 'constructor', 'toString'])('%s that this contract does not declare says so', code => {
    expect(failureOf({ code, message: 'no' })).toEqual({
      code: 'HANDLER_ERROR',
      message: expect.stringContaining(code),
    });
  });
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
  ])('of %j', (more, outcome) => {
    expect(typedOutcome(definition, { ...record, ...more })).toEqual({ id, ...outcome });
  });

  test.each(faults)('with a wrong %s is another contract’s', (_part, wrong) => {
    expect(() => typedOutcome(definition, { ...record, ...wrong })).toThrow(mismatch);
  });

  test('may be nothing where the schema says so', () => {
    const optional = defineTask({ input: z.string(), output: z.string().optional() });
    expect(typedOutcome(optional, { ...record, status: 'COMPLETED' })).toMatchObject({
      done: true,
      status: 'COMPLETED',
    });
  });
});

describe('an event', () => {
  const executor = 'a';
  const request = { ...base, createdAt: at, priority: 'normal', input: { secret: 1 } } as const;
  test.each<[TaskEvent, object]>([
    [
      { ...base, type: 'started', attempt: 1, executor, task: request },
      { type: 'started', attempt: 1, executor },
    ],
    [
      { ...base, type: 'progress', attempt: 1, progress: { percent: 1, x: 1 } },
      { type: 'progress', attempt: 1, progress: { percent: 1 } },
    ],
    [
      { ...base, type: 'log', attempt: 1, level: 'info', message: 'hi' },
      { type: 'log', attempt: 1, level: 'info', message: 'hi' },
    ],
    [
      { ...base, type: 'stopping', reason: 'enough' },
      { type: 'stopping', reason: 'enough' },
    ],
    [
      { ...base, type: 'completed', attempt: 1, executor, output: { sum: 6 } },
      { type: 'completed', attempt: 1, executor, output: { sum: 6, note: 'none' } },
    ],
    [
      { ...base, type: 'failed', attempt: 1, executor, error: bad },
      { type: 'failed', attempt: 1, executor, error: { ...bad, data: { n: 1 } } },
    ],
    [
      { ...base, type: 'retrying', attempt: 1, executor, error: bad, nextAttemptAt: at },
      { type: 'retrying', attempt: 1, executor, error: { ...bad, data: { n: 1 } }, nextAttemptAt: at },
    ],
    [
      { ...base, type: 'canceled', handlerStillRunning: true },
      { type: 'canceled', handlerStillRunning: true },
    ],
  ])('%j', (event, shown) => {
    expect(typedEvent(definition, 'demo.count', event)).toEqual({ at, ...shown });
  });

  test('that does not fit is another contract’s', () => {
    const wrong = { ...base, type: 'progress', attempt: 1, progress: { percent: 'x' } } as const;
    expect(() => typedEvent(definition, 'demo.count', wrong)).toThrow(mismatch);
  });
});
