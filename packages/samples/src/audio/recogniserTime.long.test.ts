import { expect, test } from 'vitest';
import { fitTexts, percentIn, recognised } from './recogniser.ts';

/** What a recogniser may write, by its length. */
const shapes: Readonly<Record<string, (length: number) => string>> = {
  'empty lines': n => '\n'.repeat(n),
  'lines of spaces': n => ' \t\n'.repeat(n / 3),
  'one line of spaces': n => `${' '.repeat(n)}x`,
  'the beginning of an error': n => '\n error'.repeat(n / 7),
  'progress without an end': n => `progress = ${' '.repeat(n)}`,
  'progress again and again': n => 'progress = 1 '.repeat(n / 13),
  digits: n => `progress=${'1'.repeat(n)}`,
  words: n => 'a b c\n'.repeat(n / 6),
  'wide characters': n => '€'.repeat(n),
};

/** The processor time of this thread alone: what else the machine does counts for nothing. */
function costMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

test.each(Object.entries(shapes))(
  'reading a recogniser takes time in proportion to what it wrote: %s',
  (_what, shape) => {
    const read = (text: string) => () => {
      const result = { exitCode: 0, signal: null, truncated: false };
      recognised({ ...result, stdout: '', stderr: text });
      recognised({ ...result, stdout: text, stderr: '' });
      percentIn(text);
      fitTexts([{ text, truncated: false }], text.length / 2);
    };
    // As much as the handler keeps of it by default.
    const [small, large] = [shape(25_000), shape(200_000)];
    read(small)();
    const one = costMs(read(small));
    expect(costMs(read(large))).toBeLessThan(24 * Math.max(one, 5));
  },
);
