import { expect, test } from 'vitest';
import { durationText, roundDurationText } from './timeText.ts';

test.each([
  [0, '0 ms', '0 ms'],
  [320.4, '320 ms', '320 ms'],
  [4_260, '4.2 s', '4.3 s'],
  [42_900, '42 s', '43 s'],
  [100_000, '1 min 40 s', '1.7 min'],
  [120_000, '2 min', '2 min'],
  [7_800_000, '2 h 10 min', '2.2 h'],
  [273_600_000, '3 d 4 h', '3.2 d'],
])('%d ms: %s, in one unit %s', (ms, text, round) => {
  expect(durationText(ms)).toBe(text);
  expect(roundDurationText(ms)).toBe(round);
});

test('what is no duration', () => {
  expect(durationText(Number.NaN)).toBe('–');
});
