import { expect, test } from 'vitest';
import { durationMs, durationText } from '../tasks/duration.ts';
import { readProgress } from '../tasks/follow/readProgress.ts';
import { lineText, terminalText } from './terminalText.ts';

test.each([
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['250ms', 250],
  ['0.5s', 500],
  ['2d', 172_800_000],
])('the duration %s', (text, ms) => expect(durationMs(text)).toBe(ms));

test.each(['', '5', 's', '1 h', '1x', '-5s', '5s!'])('"%s" is no duration', text => {
  expect(() => durationMs(text)).toThrow('is not a duration');
});

test.each([
  [300, '0.3 s'],
  [42_000, '42 s'],
  [200_000, '3 min 20 s'],
  [5 * 3_600_000 + 120_000, '5 h 2 min'],
])('%d ms for people', (ms, text) => expect(durationText(ms)).toBe(text));

test.each([
  { progress: { percent: 40, description: 'Reading' }, shown: { percent: 40, text: 'Reading' } },
  { progress: { percentage: 140 }, shown: { percent: 100, text: '' } },
  { progress: { done: 1, total: 4, step: 'one' }, shown: { percent: 25, text: 'one' } },
  { progress: { done: 1, total: 0 }, shown: { percent: undefined, text: '{"done":1,"total":0}' } },
  { progress: 12, shown: { percent: 12, text: '' } },
  { progress: 'half', shown: { percent: undefined, text: 'half' } },
  { progress: { percent: Number.NaN }, shown: { percent: 0, text: '' } },
  { progress: { page: 3 }, shown: { percent: undefined, text: '{"page":3}' } },
  { progress: undefined, shown: { percent: undefined, text: '' } },
  { progress: null, shown: { percent: undefined, text: '' } },
])('progress $progress', ({ progress, shown }) => expect(readProgress(progress)).toEqual(shown));

test('what a task wrote cannot steer a terminal', () => {
  const hostile = 'a\u001b[2Jb\u001b]0;title\u0007c\u0008\u0008d\u009b31me\u202ef\rg\nh\ti';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
  expect(terminalText(hostile)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  expect(terminalText(hostile)).toContain('\nh\ti');
  expect(lineText(hostile)).not.toContain('\n');
});
