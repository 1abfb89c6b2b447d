import { readFile, writeFile } from 'node:fs/promises';

const begin = '<!-- results: written by `node bench/src/run.ts --write` -->';
const end = '<!-- end of results -->';

/**
 * Puts a text between the markers of a page.
 * @throws Error when the page has no markers
 */
export async function writeBetweenMarkers(page: URL, text: string): Promise<void> {
  const before = await readFile(page, 'utf8');
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  if (from < 0 || to < from)
    throw new Error(`${page.pathname} needs the lines "${begin}" and "${end}" around its results.`);
  await writeFile(page, `${before.slice(0, from + begin.length)}\n\n${text}\n\n${before.slice(to)}`);
}
