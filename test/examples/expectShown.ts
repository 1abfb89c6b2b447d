import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';

const root = new URL('../../', import.meta.url);

/** Expects that a page shows `examples/<name>.ts` as it is, between its marker comments. */
export async function expectShown(page: string, name: string): Promise<void> {
  const text = await readFile(new URL(page, root), 'utf8');
  const code = await readFile(new URL(`examples/${name}.ts`, root), 'utf8');
  const shown = text.match(new RegExp(`<!-- example:${name} -->\\n+\`\`\`ts\\n([\\s\\S]*?)\`\`\``))?.[1];
  expect(shown, `${page} does not show examples/${name}.ts as it is: put it between the markers again`).toBe(
    code,
  );
}
