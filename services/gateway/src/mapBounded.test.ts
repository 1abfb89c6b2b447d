import { expect, test } from 'vitest';
import { mapBounded } from './mapBounded.ts';

test('never has more calls under way than it may, uses all of them, and keeps the order', async () => {
  const open: (() => void)[] = [];
  let most = 0;
  const mapped = mapBounded([1, 2, 3, 4, 5, 6, 7], 3, async item => {
    const gate = Promise.withResolvers<void>();
    open.push(gate.resolve);
    most = Math.max(most, open.length);
    // Once three are under way, or nothing more is to come, the newest goes first: answers come out of turn.
    if (open.length === 3 || item === 7) for (const resolve of open.splice(0).reverse()) resolve();
    await gate.promise;
    return item * 10;
  });
  expect(await mapped).toEqual([10, 20, 30, 40, 50, 60, 70]);
  expect(most).toBe(3);
});

test('answers nothing for nothing', async () => {
  expect(await mapBounded([], 3, async () => 1)).toEqual([]);
});
