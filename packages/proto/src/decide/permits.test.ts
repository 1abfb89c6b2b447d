import { describe, expect, it } from 'vitest';
import type { PermitHolder, Permits } from '../wire/limit.ts';
import {
  acquirePermit,
  evictHolder,
  noPermits,
  rankOf,
  releasePermit,
  waitingKept,
  waitValidMs,
} from './permits.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const request = (n: number, more: Partial<PermitHolder> = {}): PermitHolder => ({
  id: idOf(n),
  name: 'demo.task',
  owner: 'local',
  executor: 'e1',
  attempt: 1,
  keeps: 'attempt',
  at: new Date(nowMs).toISOString(),
  ...more,
});
const holders = (permits: Permits) => permits.holders.map(({ id }) => id);
const waiting = (permits: Permits) => permits.waiting.map(({ id }) => id);
/** Lets tasks request for a permit in turn, each with its number as rank. */
const requests = (numbers: readonly number[], limit: number, from = noPermits('demo.task', undefined)) =>
  numbers.reduce((permits, n) => acquirePermit(permits, request(n), limit, n, nowMs).permits, from);

describe('acquirePermit', () => {
  it('lets as many in as the limit says, and lines the others up by rank', () => {
    const permits = requests([3, 1, 5, 4, 2], 2);
    expect(holders(permits)).toEqual([idOf(3), idOf(1)]);
    expect(waiting(permits)).toEqual([idOf(2), idOf(4), idOf(5)]);
  });

  it('gives a free permit to the first in line, not to the next that comes', () => {
    const free = releasePermit(requests([1, 2, 3], 1), idOf(1), 'e1');
    const late = acquirePermit(free, request(9), 1, 9, nowMs);
    expect(late.answer).toEqual({ taken: false, ahead: 2 });
    const first = acquirePermit(late.permits, request(2), 1, 2, nowMs);
    expect(first.answer).toEqual({ taken: true });
    expect(waiting(first.permits)).toEqual([idOf(3), idOf(9)]);
  });

  it('lets as many of the line in as permits are free', () => {
    const full = requests([1, 2, 3, 4, 5], 2);
    const free = releasePermit(releasePermit(full, idOf(1), 'e1'), idOf(2), 'e1');
    expect(acquirePermit(free, request(4), 2, 4, nowMs).answer).toEqual({ taken: true });
    expect(acquirePermit(free, request(5), 2, 5, nowMs).answer).toEqual({ taken: false, ahead: 2 });
  });

  it('is not held up by a waiting task that was not heard of for long', () => {
    const free = releasePermit(requests([1, 2, 3], 1), idOf(1), 'e1');
    const later = nowMs + waitValidMs + 1;
    const { permits, answer } = acquirePermit(free, request(3), 1, 3, later);
    expect(answer).toEqual({ taken: true });
    expect(waiting(permits)).toEqual([]);
  });

  it('keeps the permit of a task that has one, with its new attempt and executor', () => {
    const again = acquirePermit(requests([1, 2], 1), request(1, { executor: 'e2', attempt: 2 }), 1, 1, nowMs);
    expect(again.answer).toEqual({ taken: true });
    expect(again.permits.holders).toMatchObject([{ id: idOf(1), executor: 'e2', attempt: 2 }]);
    expect(releasePermit(again.permits, idOf(1), 'e1').holders).toHaveLength(1);
  });

  it('does not write again that a task waits, until half of the time is over', () => {
    const permits = requests([1, 2], 1);
    expect(acquirePermit(permits, request(2), 1, 2, nowMs + 100).permits).toBe(permits);
    expect(acquirePermit(permits, request(2), 1, 2, nowMs + waitValidMs / 2).permits).not.toBe(permits);
  });

  it('names no more waiting tasks than it keeps, and drops the last for one that goes before it', () => {
    const full = requests([0, ...Array.from({ length: waitingKept }, (_, i) => i + 10)], 1);
    const last = acquirePermit(full, request(9_999), 1, 9_999, nowMs);
    expect(last).toEqual({ permits: { ...full }, answer: { taken: false, ahead: undefined } });
    const earlier = acquirePermit(full, request(5), 1, 5, nowMs);
    expect(earlier.answer).toEqual({ taken: false, ahead: 0 });
    expect(earlier.permits.waiting).toHaveLength(waitingKept);
    expect(waiting(earlier.permits).at(0)).toBe(idOf(5));
  });

  it('refuses without lining up who does not wait', () => {
    const full = requests([1], 1);
    const refused = acquirePermit(full, request(2), 1, undefined, nowMs);
    expect(refused.answer).toMatchObject({ taken: false });
    expect(refused.permits).toBe(full);
    const contested = releasePermit(requests([1, 2], 1), idOf(1), 'e1');
    expect(acquirePermit(contested, request(3), 1, undefined, nowMs).answer).toMatchObject({ taken: false });
  });
});

describe('evictHolder', () => {
  it('takes the permit of the holder that was found to be over, and of no later attempt', () => {
    const before = requests([1], 1);
    const over = before.holders[0];
    if (!over) throw new Error('Nobody has the permit.');
    expect(evictHolder(before, over).holders).toEqual([]);
    const again = acquirePermit(before, request(1, { executor: 'e2' }), 1, 1, nowMs).permits;
    expect(evictHolder(again, over)).toBe(again);
  });
});

describe('rankOf', () => {
  const createdAt = (ms: number) => new Date(nowMs + ms).toISOString();
  it('goes by when a task was to start, and lets a higher priority overtake by five minutes', () => {
    const normal = rankOf({ createdAt: createdAt(0), priority: 'normal' });
    expect(rankOf({ createdAt: createdAt(1), priority: 'normal' })).toBeGreaterThan(normal);
    expect(rankOf({ createdAt: createdAt(299_999), priority: 'high' })).toBeLessThan(normal);
    expect(rankOf({ createdAt: createdAt(300_001), priority: 'high' })).toBeGreaterThan(normal);
    expect(rankOf({ createdAt: createdAt(-10), scheduledFor: createdAt(5), priority: 'normal' })).toBe(
      normal + 5,
    );
  });
});
