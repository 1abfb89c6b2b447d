import { describe, expect, it } from 'vitest';
import type { PlaceHolder, Places } from '../wire/limit.ts';
import { evictHolder, leavePlace, noPlaces, rankOf, takePlace, waitingKept, waitValidMs } from './places.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const wish = (n: number, more: Partial<PlaceHolder> = {}): PlaceHolder => ({
  id: idOf(n),
  name: 'demo.task',
  owner: 'local',
  executor: 'e1',
  attempt: 1,
  keeps: 'attempt',
  at: new Date(nowMs).toISOString(),
  ...more,
});
const holders = (places: Places) => places.holders.map(({ id }) => id);
const waiting = (places: Places) => places.waiting.map(({ id }) => id);
/** Lets tasks wish for a place in turn, each with its number as rank. */
const wishes = (numbers: readonly number[], limit: number, from = noPlaces('demo.task', undefined)) =>
  numbers.reduce((places, n) => takePlace(places, wish(n), limit, n, nowMs).places, from);

describe('takePlace', () => {
  it('lets as many in as the limit says, and lines the others up by rank', () => {
    const places = wishes([3, 1, 5, 4, 2], 2);
    expect(holders(places)).toEqual([idOf(3), idOf(1)]);
    expect(waiting(places)).toEqual([idOf(2), idOf(4), idOf(5)]);
  });

  it('gives a free place to the first in line, not to whoever comes', () => {
    const free = leavePlace(wishes([1, 2, 3], 1), idOf(1), 'e1');
    const late = takePlace(free, wish(9), 1, 9, nowMs);
    expect(late.answer).toEqual({ taken: false, ahead: 2 });
    const first = takePlace(late.places, wish(2), 1, 2, nowMs);
    expect(first.answer).toEqual({ taken: true });
    expect(waiting(first.places)).toEqual([idOf(3), idOf(9)]);
  });

  it('lets as many of the line in as places are free', () => {
    const full = wishes([1, 2, 3, 4, 5], 2);
    const free = leavePlace(leavePlace(full, idOf(1), 'e1'), idOf(2), 'e1');
    expect(takePlace(free, wish(4), 2, 4, nowMs).answer).toEqual({ taken: true });
    expect(takePlace(free, wish(5), 2, 5, nowMs).answer).toEqual({ taken: false, ahead: 2 });
  });

  it('is not held up by a waiting task that was not heard of for long', () => {
    const free = leavePlace(wishes([1, 2, 3], 1), idOf(1), 'e1');
    const later = nowMs + waitValidMs + 1;
    const { places, answer } = takePlace(free, wish(3), 1, 3, later);
    expect(answer).toEqual({ taken: true });
    expect(waiting(places)).toEqual([]);
  });

  it('keeps the place of a task that has one, with its new attempt and executor', () => {
    const again = takePlace(wishes([1, 2], 1), wish(1, { executor: 'e2', attempt: 2 }), 1, 1, nowMs);
    expect(again.answer).toEqual({ taken: true });
    expect(again.places.holders).toMatchObject([{ id: idOf(1), executor: 'e2', attempt: 2 }]);
    expect(leavePlace(again.places, idOf(1), 'e1').holders).toHaveLength(1);
  });

  it('does not write anew that a task waits, until half of the time is over', () => {
    const places = wishes([1, 2], 1);
    expect(takePlace(places, wish(2), 1, 2, nowMs + 100).places).toBe(places);
    expect(takePlace(places, wish(2), 1, 2, nowMs + waitValidMs / 2).places).not.toBe(places);
  });

  it('names no more waiting tasks than it keeps, and drops the last for one that goes before it', () => {
    const full = wishes([0, ...Array.from({ length: waitingKept }, (_, i) => i + 10)], 1);
    const last = takePlace(full, wish(9_999), 1, 9_999, nowMs);
    expect(last).toEqual({ places: { ...full }, answer: { taken: false, ahead: undefined } });
    const earlier = takePlace(full, wish(5), 1, 5, nowMs);
    expect(earlier.answer).toEqual({ taken: false, ahead: 0 });
    expect(earlier.places.waiting).toHaveLength(waitingKept);
    expect(waiting(earlier.places).at(0)).toBe(idOf(5));
  });

  it('refuses without lining up who does not wait', () => {
    const full = wishes([1], 1);
    const refused = takePlace(full, wish(2), 1, undefined, nowMs);
    expect(refused.answer).toMatchObject({ taken: false });
    expect(refused.places).toBe(full);
    const contested = leavePlace(wishes([1, 2], 1), idOf(1), 'e1');
    expect(takePlace(contested, wish(3), 1, undefined, nowMs).answer).toMatchObject({ taken: false });
  });
});

describe('evictHolder', () => {
  it('takes the place of the holder that was found to be over, and of no later attempt', () => {
    const before = wishes([1], 1);
    const over = before.holders[0];
    if (!over) throw new Error('Nobody has the place.');
    expect(evictHolder(before, over).holders).toEqual([]);
    const again = takePlace(before, wish(1, { executor: 'e2' }), 1, 1, nowMs).places;
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
