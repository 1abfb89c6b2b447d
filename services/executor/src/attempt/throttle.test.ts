import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Throttle } from './throttle.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function create(intervalMs = 100) {
  const seen: number[] = [];
  return { seen, latest: new Throttle<number>(intervalMs, value => seen.push(value)) };
}

test('the first goes at once, and of those that follow within the interval the latest', () => {
  const { seen, latest } = create();
  for (const value of [1, 2, 3]) latest.set(value);
  expect(seen).toEqual([1]);
  vi.advanceTimersByTime(100);
  expect(seen).toEqual([1, 3]);
});

test('one that went late begins an interval as well', () => {
  const { seen, latest } = create();
  latest.set(1);
  latest.set(2);
  vi.advanceTimersByTime(150);
  latest.set(3);
  expect(seen).toEqual([1, 2]);
  vi.advanceTimersByTime(50);
  expect(seen).toEqual([1, 2, 3]);
});

test('after a quiet interval the next goes at once', () => {
  const { seen, latest } = create();
  latest.set(1);
  vi.advanceTimersByTime(100);
  latest.set(2);
  expect(seen).toEqual([1, 2]);
});

test('flush lets the waiting one through, once, and leaves no timer', () => {
  const { seen, latest } = create();
  latest.set(1);
  latest.set(2);
  latest.flush();
  latest.flush();
  expect(seen).toEqual([1, 2]);
  expect(vi.getTimerCount()).toBe(0);
});

test('flush without anything to say says nothing', () => {
  const { seen, latest } = create();
  latest.flush();
  latest.set(1);
  latest.flush();
  expect(seen).toEqual([1]);
});

test('the last is never lost, the order is kept, and an interval holds one', () => {
  const steps = fc.array(fc.record({ waitMs: fc.nat(80), value: fc.nat() }), { minLength: 1 });
  fc.assert(
    fc.property(steps, given => {
      const times: number[] = [];
      const seen: number[] = [];
      const latest = new Throttle<number>(100, index => {
        seen.push(index);
        times.push(Date.now());
      });
      given.forEach(({ waitMs }, index) => {
        vi.advanceTimersByTime(waitMs);
        latest.set(index);
      });
      vi.advanceTimersByTime(1_000);
      expect(seen.at(-1)).toBe(given.length - 1);
      expect(seen).toEqual(seen.toSorted((a, b) => a - b));
      times.slice(1).forEach((at, i) => {
        expect(at - (times[i] ?? 0)).toBeGreaterThanOrEqual(100);
      });
    }),
  );
});
