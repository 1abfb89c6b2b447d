import { expect, test } from 'vitest';
import { readHtml } from './readHtml.ts';
import { readMarkdown } from './readMarkdown.ts';
import { readText } from './readText.ts';

/** Text that patterns and parsers take long over, by its length. */
const shapes: Readonly<Record<string, (length: number) => string>> = {
  'spaces in a line': n => `a${' '.repeat(n)}b`,
  'lines of white space': n => `${'\t\n'.repeat(n / 2)}x`,
  'a table whose cell is white space': n => `a|b\n-|-\n|${' '.repeat(n)}x`,
  'a rule of a table that is none': n => `a|b\n${' '.repeat(n)}|x`,
  'quotes in quotes': n => `${'> '.repeat(n / 2)}a`,
  'lists in lists': n => `${'- '.repeat(n / 2)}a`,
  'emphasis that never ends': n => '*a '.repeat(n / 3),
  'links that never end': n => '[a](b '.repeat(n / 6),
  'code that never ends': n => '`a``b'.repeat(n / 5),
  commas: n => `a${', '.repeat(n / 2)}b`,
  'a title in front that is spaces': n => `---\ntitle: a${' '.repeat(n)}b\n---\nx`,
  'short lines without a heading': n => 'word word\n'.repeat(n / 10),
};
const readers = { markdown: readMarkdown, text: readText, html: readHtml };
const cases = Object.entries(readers).flatMap(([format, read]) =>
  Object.entries(shapes).map(([what, shape]) => [format, what, read, shape] as const),
);

/** The processor time of this thread alone: what else the machine does counts for nothing. */
function costMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

test.each(cases)('reading %s takes time in proportion to its length: %s', (_format, _what, read, shape) => {
  const [small, large] = [shape(25_000), shape(200_000)];
  read(small);
  const one = costMs(() => read(small));
  // Eight times the text: 64 times the time where it grows with the square.
  expect(costMs(() => read(large))).toBeLessThan(24 * Math.max(one, 15));
});
