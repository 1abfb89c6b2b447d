import { expect, test } from 'vitest';
import { expectShown } from '../examples/expectShown.ts';
import { markdownPages } from './markdownPages.ts';

/** `<!-- example:NAME -->` before a TypeScript block says that it is `examples/NAME.ts`. */
const marked = /<!-- example:(\w+) -->\s*```ts\n/g;
const pages = await markdownPages();
const shown = pages.flatMap(({ path, text }) =>
  [...text.matchAll(marked)].map(([, name = '']) => ({ path, name })),
);

test('the README and every guide show code that is compiled', () => {
  const wanted = pages.filter(({ path }) => path === 'README.md' || path.startsWith('docs/guides/'));
  expect(wanted.length).toBeGreaterThan(1);
  expect(new Set(shown.map(({ path }) => path))).toEqual(new Set(wanted.map(({ path }) => path)));
});

test.each(shown)('$path shows examples/$name.ts as it is', ({ path, name }) => expectShown(path, name));
