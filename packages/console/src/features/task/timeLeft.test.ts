import { expect, test } from 'vitest';
import { type Sample, timeLeftMs } from './timeLeft.ts';

const steady: Sample[] = [0, 10, 20, 30].map(percent => ({ percent, atMs: percent * 100 }));

test('a steady task continues as it has', () => {
  expect(timeLeftMs(steady, 3_000)).toBe(7_000);
});

test('it gets less between two reports', () => {
  expect(timeLeftMs(steady, 3_500)).toBe(6_500);
  expect(timeLeftMs(steady, 60_000)).toBe(0);
});

test('the latest pace counts', () => {
  const slowThenFast = [...steady.map(({ percent, atMs }) => ({ percent, atMs: atMs * 10 }))];
  const fast = [40, 50, 60].map((percent, index) => ({ percent, atMs: 30_000 + (index + 1) * 1_000 }));
  expect(timeLeftMs([...slowThenFast, ...fast], 33_000)).toBe(4_000);
});

test.each<[string, Sample[]]>([
  ['nothing', []],
  ['too few', steady.slice(0, 2)],
  ['too short', steady.map(({ percent, atMs }) => ({ percent, atMs: atMs / 10 }))],
  ['no way made', [0, 1_000, 2_000].map(atMs => ({ atMs, percent: 5 }))],
  ['the end', [...steady, { percent: 100, atMs: 9_000 }]],
])('there is none to tell of %s', (_what, samples) => {
  expect(timeLeftMs(samples, 10_000)).toBeUndefined();
});
