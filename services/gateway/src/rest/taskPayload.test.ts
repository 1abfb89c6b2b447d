import type { TaskStatus } from '@longhaul/proto';
import { type AnyTaskRecord, recordSchema, type TaskSummary } from '@longhaul/proto/wire';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { jsonSchemaOf } from './openapi/components.ts';
import { matchesTag } from './readRequest.ts';
import {
  etagOf,
  retryAfterSeconds,
  taskLine,
  taskLineSchema,
  taskPayload,
  taskSchema,
} from './taskPayload.ts';

const at = (seconds: number) => new Date(seconds * 1_000).toISOString();
const record: AnyTaskRecord = {
  id: '01890000-0000-7000-8000-000000000000',
  name: 'demo.count',
  owner: 'ann',
  status: 'RUNNING',
  priority: 'normal',
  createdAt: at(0),
  attempt: 1,
  attempts: [{ number: 1, executor: 'e', startedAt: at(1), seq: 7 }],
  failures: 0,
  losses: 0,
  seq: 7,
};

describe('a task in REST', () => {
  it('is written in snake_case, and leaves the keys of its own data alone', () => {
    const payload = taskPayload(
      {
        ...record,
        status: 'FAILED',
        progress: { percent: 250, stepName: 'x' },
        input: { camelCase: 1 },
        error: { code: 'OOPS', message: 'm', data: { camelCase: 2 } },
        finishedAt: at(2),
        outputRef: { object: 'o', bytes: 1, digest: 'd' },
      },
      true,
    );
    expect(payload).toMatchObject({
      task_id: record.id,
      progress_percent: 100,
      progress: { percent: 250, stepName: 'x' },
      input: { camelCase: 1 },
      error: { data: { camelCase: 2 } },
      attempts: [{ started_at: at(1) }],
      completed_at: at(2),
    });
    expect(Object.keys(payload).filter(key => /[A-Z]/.test(key))).toEqual([]);
    expect(payload).not.toHaveProperty('output_ref');
  });

  it('has its input only where it is asked for, and its result once it is there', () => {
    expect(taskPayload({ ...record, input: 1 })).not.toHaveProperty('input');
    expect(taskPayload(record)).not.toHaveProperty('result');
    expect(taskPayload({ ...record, status: 'COMPLETED', output: null })).toMatchObject({
      result: null,
      progress_percent: 100,
    });
  });
});

describe('Retry-After', () => {
  const seconds = (status: TaskStatus, nowSeconds: number, more: Partial<AnyTaskRecord> = {}) =>
    retryAfterSeconds({ ...record, ...more, status }, nowSeconds * 1_000);

  it('is soon for a young task, seldom for an old one, and never beyond half a minute', () => {
    expect(seconds('PENDING', 0)).toBe(1);
    expect(seconds('RUNNING', 65)).toBe(6);
    expect(seconds('RUNNING', 100_000)).toBe(30);
  });

  it('waits for what is to come first', () => {
    expect(seconds('SCHEDULED', 0, { scheduledFor: at(12) })).toBe(12);
    expect(seconds('SCHEDULED', 0, { scheduledFor: at(3_600) })).toBe(30);
    expect(seconds('RETRYING', 100, { nextAttemptAt: at(104.2) })).toBe(5);
    expect(seconds('RETRYING', 100, { nextAttemptAt: at(99) })).toBe(1);
    // A task that was scheduled is as old as its due time.
    expect(seconds('RUNNING', 100, { scheduledFor: at(95) })).toBe(1);
  });

  it('is not there once it has ended', () => {
    for (const status of ['COMPLETED', 'FAILED', 'CANCELED'] as const)
      expect(seconds(status, 5)).toBeUndefined();
  });
});

describe('the entity tag', () => {
  it('differs by event, status and what is included', () => {
    const tags = [
      etagOf(record, false),
      etagOf(record, true),
      etagOf({ ...record, seq: 8 }, false),
      etagOf({ ...record, status: 'STOPPING' }, false),
    ];
    expect(new Set(tags).size).toBe(tags.length);
  });

  it.each([
    ['W/"7-RUNNING"', true],
    ['"7-RUNNING"', true],
    ['"a", W/"7-RUNNING" ', true],
    ['*', true],
    ['"7"', false],
    ['', false],
    [undefined, false],
  ])('If-None-Match: %s', (header, matches) => {
    expect(matchesTag(header, etagOf(record, false))).toBe(matches);
  });
});

describe('the schema of a task in REST', () => {
  const id = '01890000-0000-7000-8000-000000000000';
  const link = { id, name: 'demo.count', detached: true } as const;
  const error = { code: 'TIMEOUT', message: 'm', data: 1 };
  const ref = { object: 'o', bytes: 1, digest: 'd' };
  /** A record with everything that a record can have. */
  const full: Required<Omit<AnyTaskRecord, 'v'>> = {
    ...record,
    attempts: [{ number: 1, executor: 'e', startedAt: at(1), endedAt: at(2), error, seq: 7 }],
    scheduledFor: at(0),
    startedAt: at(1),
    finishedAt: at(2),
    nextAttemptAt: at(3),
    idempotencyKey: 'k',
    retryOf: id,
    parent: link,
    children: [link],
    childCount: 1,
    pause: { by: 'ann', at: at(1) },
    scheduleId: 'nightly',
    policy: { maxAttempts: 2, timeoutMs: 1, totalTimeoutMs: 2, backoff: { kind: 'fixed', delayMs: 1 } },
    concurrencyKeys: ['k'],
    startBy: at(9),
    input: 1,
    inputRef: ref,
    progress: { percent: 1 },
    output: 1,
    outputRef: ref,
    error,
    cancelReason: 'r',
    handlerStillRunning: true,
    omitted: ['input'],
    unfit: ['output', 'progress'],
  };
  const validate = new Ajv2020({ strict: false, formats: { 'date-time': true, uuid: true } });

  it('has everything that a record can have', () => {
    // `Required` speaks of the type; the record may have got a field that this test does not give.
    const given = [...Object.keys(full), 'v'].sort();
    expect(given).toEqual([...Object.keys(recordSchema.shape), 'unfit'].sort());
    const check = validate.compile(jsonSchemaOf(taskSchema, 'output'));
    check(taskPayload(full, true));
    expect(check.errors).toBeNull();
  });

  it('has everything that a line of a list can have', () => {
    const line: Required<TaskSummary> = {
      id,
      name: 'demo.count',
      owner: 'ann',
      status: 'FAILED',
      priority: 'low',
      createdAt: at(0),
      scheduledFor: at(0),
      startedAt: at(1),
      finishedAt: at(2),
      attempt: 1,
      percent: 4,
      errorCode: 'TIMEOUT',
      parentId: id,
    };
    const check = validate.compile(jsonSchemaOf(taskLineSchema, 'output'));
    check(taskLine(line));
    expect(check.errors).toBeNull();
  });
});
