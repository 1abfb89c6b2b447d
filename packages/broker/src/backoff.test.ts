import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test('a try waits for half of its step at least and for the whole of it at most, and never longer than the longest', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 500 }),
      (failures, firstMs) => {
        const stepMs = Math.min(2_000, firstMs * 2 ** (failures - 1));
        const waitMs = backoffMs(failures, firstMs, 2_000);
        expect(waitMs).toBeGreaterThanOrEqual(stepMs / 2);
        expect(waitMs).toBeLessThanOrEqual(stepMs);
      },
    ),
  );
});

test('tries that failed together do not wait equally long', () => {
  expect(new Set(Array.from({ length: 100 }, () => backoffMs(1, 200, 2_000))).size).toBeGreaterThan(50);
});
