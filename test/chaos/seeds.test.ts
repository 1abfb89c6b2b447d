import { expect, test } from 'vitest';
import { parseSeeds } from './seeds.ts';

test.each([
  ['7', [7]],
  ['11-13', [11, 12, 13]],
  ['2, 5,11-12', [2, 5, 11, 12]],
  ['4-4', [4]],
])('seeds %s', (text, seeds) => {
  expect(parseSeeds(text)).toEqual(seeds);
});

test.each(['', 'all', '20-11', '1-', '-3', '1..3', '1,,2'])('no seeds: %s', text => {
  expect(() => parseSeeds(text)).toThrow(RangeError);
});
