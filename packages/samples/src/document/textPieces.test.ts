import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breakLongRuns, cutText, toPieces } from './textPieces.ts';

// Long enough to be cut, of characters that make cutting hard.
const longText = fc
  .array(fc.constantFrom('word ', '. ', '😀', 'a', 'x'.repeat(999), '! End'), { maxLength: 60 })
  .map(parts => parts.join('').repeat(20));

describe('toPieces', () => {
  it('loses nothing, keeps pieces short and characters whole', () => {
    fc.assert(
      fc.property(longText, text => {
        const pieces = toPieces(text);
        expect(pieces.join('')).toBe(text);
        expect(pieces.every(piece => piece.length <= 4_000 && piece.isWellFormed())).toBe(true);
      }),
    );
  });

  it('cuts after a sentence', () => {
    const [first] = toPieces(`${'Some words here. '.repeat(300)}`);
    expect(first?.endsWith('here. ')).toBe(true);
  });
});

describe('breakLongRuns', () => {
  it('leaves no run of more than 200 characters and changes nothing else', () => {
    fc.assert(
      fc.property(longText, text => {
        const broken = breakLongRuns(text);
        expect(broken.replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
        expect(broken.split(/\s/).every(run => [...run].length <= 200)).toBe(true);
      }),
    );
  });
});

describe('cutText', () => {
  it('never cuts a character in two', () => {
    expect(cutText('abc', 3)).toBe('abc');
    expect(cutText('abcd', 3)).toBe('ab…');
    expect(cutText('a😀😀', 3)).toBe('a…');
  });
});
