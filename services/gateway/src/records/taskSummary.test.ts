import { recordOfRequest, recordSchema, type TaskRecord } from '@longhaul/proto/wire';
import { expect, test } from 'vitest';
import { percentOf, summarize } from './taskSummary.ts';

const at = '2026-01-01T00:00:00.000Z';
const record = recordOfRequest('01890000-0000-7000-8000-000000000000', 'demo.count', {
  v: 1,
  owner: 'alice',
  createdAt: at,
  priority: 'high',
  input: { secret: 'x'.repeat(1_000) },
});

test('a new task has what is known of it, and no payload', () => {
  const { id, name, owner, status, priority, createdAt, attempt } = record;
  expect(summarize(record)).toEqual({ id, name, owner, status, priority, createdAt, attempt });
});

test('an ended task has its times, its progress and its error’s code', () => {
  const ended: TaskRecord = {
    ...record,
    status: 'FAILED',
    scheduledFor: at,
    startedAt: at,
    finishedAt: at,
    progress: { percent: 40, text: 'secret' },
    error: { code: 'BAD', message: 'secret', data: { secret: 1 } },
    attempt: 2,
    attempts: [{ number: 2, executor: 'a', startedAt: at, seq: 4 }],
    idempotencyKey: 'secret',
  };
  recordSchema.parse(ended);
  const summary = summarize(ended);
  expect(summary).toMatchObject({
    scheduledFor: at,
    startedAt: at,
    finishedAt: at,
    percent: 40,
    errorCode: 'BAD',
    attempt: 2,
  });
  expect(JSON.stringify(summary)).not.toContain('secret');
});

test.each<[unknown, number | undefined]>([
  [{ percent: 0 }, 0],
  [{ percent: 33.3 }, 33.3],
  [{ percent: 250 }, 100],
  [{ percent: -1 }, 0],
  [{ percent: '50' }, undefined],
  [{ percent: Number.NaN }, undefined],
  [{ percent: Number.POSITIVE_INFINITY }, undefined],
  [{ percent: null }, undefined],
  [{}, undefined],
  [[1], undefined],
  [50, undefined],
  ['percent', undefined],
  [null, undefined],
  [undefined, undefined],
])('of the progress %j the percentage is %s', (progress, percent) => {
  expect(percentOf({ ...record, progress })).toBe(percent);
});
