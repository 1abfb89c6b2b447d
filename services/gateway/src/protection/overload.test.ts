import { expect, it } from 'vitest';
import { DelayReadings } from './overload.ts';

const none = Number.NaN;

it.each<[string, number, readonly number[], boolean]>([
  ['nothing was read', 1_000, [], false],
  ['all is well', 1_000, [3, 0, 12], false],
  ['one turn took long', 1_000, [3, 1_500], false],
  ['one turn took long, and then none', 1_000, [3, 1_500, 2], false],
  ['long turns come now and then', 1_000, [1_500, 2, 1_500, 2, 1_500], false],
  ['the delay is just what is allowed', 1_000, [1_000, 1_000, 1_000], false],
  ['there is too much to do', 1_000, [3, 1_500, 1_200], true],
  ['there is too much to do, also where a turn hid a sample', 1_000, [1_500, none, 1_200], true],
  ['a turn was longer than the time between two readings', 1_000, [3, none, 40], false],
  ['it has become less', 1_000, [1_500, 1_500, 1_500, 800], false],
  ['a low limit is set', 50, [60, 70], true],
  ['there is no limit', 0, [5_000, 5_000, 5_000], false],
])('%s', (_name, maxDelayMs, means, expected) => {
  const readings = new DelayReadings(maxDelayMs);
  for (const mean of means) readings.add(mean);
  expect(readings.areTooHigh).toBe(expected);
});
