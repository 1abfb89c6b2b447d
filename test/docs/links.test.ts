import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { exists, markdownPages } from './markdownPages.ts';

const pages = await markdownPages();
const withoutCode = (text: string) => text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '');

/** Inline links and images, and reference definitions, without those that lead out of the repository. */
function relativeLinks(text: string): string[] {
  const targets = [
    ...withoutCode(text).matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g),
    ...withoutCode(text).matchAll(/^\[[^\]]+\]:\s*<?(\S+?)>?\s*$/gm),
  ].map(([, target = '']) => target);
  return targets.filter(target => !/^[a-z][a-z0-9+.-]*:/i.test(target));
}

/** The anchors of a page: its headings as GitHub names them, the second of one name with `-1`. */
function anchors(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading = ''] of text.replaceAll(/^```.*?^```/gms, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const name = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = name;
    for (let count = 1; found.has(anchor); count += 1) anchor = `${name}-${count}`;
    found.add(anchor);
  }
  return found;
}

test('there are pages with links', () => {
  expect(pages.flatMap(({ text }) => relativeLinks(text)).length).toBeGreaterThan(20);
});

test.each(pages)(
  'every relative link of $path leads to a file, and every anchor to a heading',
  async ({ path, text }) => {
    const broken: string[] = [];
    for (const link of relativeLinks(text)) {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : normalize(join(dirname(path), decodeURIComponent(file)));
      const page = pages.find(candidate => candidate.path === target);
      const found = page !== undefined || (await exists(target));
      if (!found || (anchor && page && !anchors(page.text).has(anchor))) broken.push(link);
    }
    expect(broken).toEqual([]);
  },
);
