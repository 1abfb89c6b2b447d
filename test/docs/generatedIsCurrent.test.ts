import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findStale } from '../../scripts/generate/generatedFiles.ts';
import { fillMarkers } from '../../scripts/generate/markers.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('everything generated is current (else: pnpm generate)', async () => {
  expect((await findStale(root)).map(({ path }) => path)).toEqual([]);
});

test('a page that lacks a marker, or has one of an unknown name, is an error that says so', () => {
  const page = '# Page\n<!-- generated:known -->\nold\n<!-- /generated:known -->\nend\n';
  expect(fillMarkers('page.md', page, { known: () => 'new' })).toBe(page.replace('old', 'new'));
  expect(() => fillMarkers('page.md', page, { known: () => 'new', other: () => '' })).toThrow(
    'page.md must have the lines "<!-- generated:other -->"',
  );
  expect(() => fillMarkers('page.md', page, {})).toThrow('page.md has markers for "known"');
});
