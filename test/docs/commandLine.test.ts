import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitCodes } from '../../packages/cli/src/output/exitCodes.ts';
import { createProgram } from '../../packages/cli/src/program.ts';
import { root } from './markdownPages.ts';

const guide = await readFile(join(root, 'docs/guides/command-line.md'), 'utf8');
// Those that commander and the completion bring along.
const others = new Set(['help', 'complete']);

test('the guide of the command line names every command', () => {
  const commands = createProgram().commands.map(command => command.name());
  expect(commands.length).toBeGreaterThan(20);
  for (const name of commands) if (!others.has(name)) expect(guide).toContain(`longhaul ${name}`);
});

test('it lists every exit code', () => {
  const listed = [...guide.matchAll(/^\| (\d+) +\|/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(exitCodes));
});
