import type { TaskStatus } from '@longhaul/proto';
import { expect, test } from 'vitest';
import { hasExpired, keptSeconds } from './retention.ts';

const retention = { completedMs: 1_500, failedMs: 10_000, canceledMs: 0 };
const finishedAt = '2026-01-01T00:00:00.000Z';
const end = Date.parse(finishedAt);

test('a record is kept for whole seconds, and one at least', () => {
  expect(keptSeconds('COMPLETED', retention)).toBe(2);
  expect(keptSeconds('FAILED', retention)).toBe(10);
  expect(keptSeconds('CANCELED', retention)).toBe(1);
});

test.each<[TaskStatus, string | undefined, number, boolean]>([
  ['COMPLETED', finishedAt, end + 1_999, false],
  ['COMPLETED', finishedAt, end + 2_000, true],
  ['FAILED', finishedAt, end + 2_000, false],
  ['FAILED', finishedAt, end + 10_000, true],
  ['CANCELED', finishedAt, end + 999, false],
  ['CANCELED', finishedAt, end + 1_000, true],
  ['RUNNING', undefined, end + 1_000_000, false],
  ['STOPPING', undefined, end + 1_000_000, false],
])('a %s task that finished at %s has expired at %i: %s', (status, finished, nowMs, expired) => {
  const record = finished === undefined ? { status } : { status, finishedAt: finished };
  expect(hasExpired(record, retention, nowMs)).toBe(expired);
});
