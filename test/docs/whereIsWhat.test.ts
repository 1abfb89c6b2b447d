import { glob } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { exists, markdownPages, root } from './markdownPages.ts';

const path = 'docs/where-is-what.md';
const text = (await markdownPages()).find(page => page.path === path)?.text ?? '';

/** The rows of the table of questions: each with its number and the paths that answer it. */
const questions = [...text.matchAll(/^\| (\d+)\. (.*?) +\| (.*)\|$/gm)].map(
  ([, number = '', question = '', answer = '']) => ({
    number: Number(number),
    question,
    links: [...answer.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, shown = '', target = '']) => ({
      shown,
      target: normalize(join(dirname(path), target)),
    })),
  }),
);

test('ten questions are asked', () => {
  expect(questions.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test.each(questions)('$number. where $question: a folder, and a file that lies in it', async ({ links }) => {
  const [folder, file] = links;
  expect(folder?.shown).toBe(folder?.target);
  expect(file && dirname(file.target)).toBe(folder?.target);
  for (const { target } of links) expect(await exists(target), `${target} exists`).toBe(true);
});

test('every folder that is named in words exists', async () => {
  const named = [...text.matchAll(/`((?:packages|services|scripts)\/[^`]+)`/g)].map(([, name = '']) => name);
  for (const name of named) expect(await exists(name), `${name} exists`).toBe(true);
});

test('every package and service is named', async () => {
  for await (const manifest of glob('{packages,services}/*/package.json', { cwd: root }))
    expect(text).toContain(`[${dirname(manifest)}]`);
});
