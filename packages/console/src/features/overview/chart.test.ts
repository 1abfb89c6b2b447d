import { expect, test } from 'vitest';
import { isolatedIn } from './chart.tsx';

test.each<[(number | null)[], number[]]>([
  [[], []],
  [[null, null], []],
  [[7], [0]],
  [[0, null, null], [0]],
  [[null, null, 3], [2]],
  [
    [1, null, 2, 3, null, 0, null],
    [0, 5],
  ],
  [[1, 2, 3], []],
])('of %j those at %j have no neighbour', (values, places) => {
  expect(isolatedIn(values)).toEqual(places);
});
