import { errorCatalogue } from '@longhaul/proto/wire';
import { describe, expect, it } from 'vitest';
import { errorsPage } from './docs/pages.ts';
import { pointerTo, problemOf, titleOf } from './problem.ts';

describe('problems', () => {
  it('point into the body as RFC 6901 says', () => {
    expect(pointerTo([])).toBe('');
    expect(pointerTo(['a', 0, ''])).toBe('/a/0/');
    expect(pointerTo(['a/b', 'm~n'])).toBe('/a~1b/m~0n');
  });

  it('begin the pointers of an input where it stands; of the body itself at its root', () => {
    const issues = [{ path: ['to'], message: 'No.', code: 'custom' }];
    const pointers = (reason: 'INVALID_INPUT' | 'INVALID_REQUEST') =>
      problemOf({ reason, message: 'm', issues }, undefined, ['input']).errors?.map(({ pointer }) => pointer);
    expect(pointers('INVALID_INPUT')).toEqual(['/input/to']);
    expect(pointers('INVALID_REQUEST')).toEqual(['/to']);
  });

  it('have types that lead to an entry of the page of errors', () => {
    const page = errorsPage();
    for (const reason of [...Object.keys(errorCatalogue), 'INTERNAL'] as (keyof typeof errorCatalogue)[]) {
      const { type } = problemOf({ reason, message: 'm', issues: [] }, undefined, []);
      expect(type).toBe(`/docs/errors#${reason}`);
      expect(page).toContain(`<section id="${reason}">`);
      expect(page).toContain(`<h2>${titleOf(reason)}</h2>`);
    }
  });
});
