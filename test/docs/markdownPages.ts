import { access, glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A page of the documentation, with its path from the root of the repository. */
export type Page = { readonly path: string; readonly text: string };

/** README, changelog and everything below `docs/`. */
export async function markdownPages(): Promise<Page[]> {
  const paths = (await Array.fromAsync(glob('docs/**/*.md', { cwd: root }))).sort();
  for (const path of ['README.md', 'CHANGELOG.md']) if (await exists(path)) paths.push(path);
  return Promise.all(paths.map(async path => ({ path, text: await readFile(join(root, path), 'utf8') })));
}

/** Whether a path from the root is a file or folder. */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(join(root, path));
    return true;
  } catch {
    return false;
  }
}
