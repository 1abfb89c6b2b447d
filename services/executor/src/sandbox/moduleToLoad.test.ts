import { expect, it } from 'vitest';
import { moduleToLoad } from './loadHandler.ts';

const folder = 'file:///app/dist/';

it.each([
  ['the source, where it is there', 'report.ts', ['report.ts', 'report.js'], 'report.ts'],
  ['the compiled module beside it, where the source is not', 'report.ts', ['report.js'], 'report.js'],
  ['a bundle that calls its modules .mjs', 'report.ts', ['report.mjs'], 'report.mjs'],
  ['the compiled module of an .mts', 'report.mts', ['report.mjs'], 'report.mjs'],
  ['the compiled module of a .cts', 'report.cts', ['report.cjs'], 'report.cjs'],
  ['the compiled module of a .tsx', 'report.tsx', ['report.js'], 'report.js'],
  ['what was named, where nothing is there', 'report.ts', [], 'report.ts'],
  ['JavaScript as it was named', 'report.js', ['report.mjs'], 'report.js'],
])('loads %s', (_, named, there, loaded) => {
  const exists = (file: URL) => there.some(name => file.href === folder + name);
  expect(moduleToLoad(new URL(named, folder), exists).href).toBe(folder + loaded);
});

it('keeps a query, as bundlers add one', () => {
  const exists = (file: URL) => file.pathname === '/app/dist/report.js';
  expect(moduleToLoad(new URL('report.ts?v=1', folder), exists).href).toBe(`${folder}report.js?v=1`);
});
