import { expect, test } from 'vitest';
import { fenceOf } from './fence.ts';

test('a fence grows with each delivery of an attempt, and with each attempt, whatever its deliveries', () => {
  const runs = [1, 2, 3, 1_000, 2 ** 20 - 1].flatMap(attempt =>
    [1, 2, 3, 5_000, 2 ** 20 - 1].map(deliveries => fenceOf(attempt, deliveries)),
  );
  expect(runs).toEqual([...runs].sort((a, b) => a - b));
  expect(new Set(runs).size).toBe(runs.length);
  expect(runs.every(Number.isSafeInteger)).toBe(true);
});

test('deliveries beyond what is counted stay below the next attempt', () => {
  expect(fenceOf(1, 2 ** 30)).toBeLessThan(fenceOf(2, 1));
});
