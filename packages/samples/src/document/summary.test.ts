import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Sentence, summarize } from './summary.ts';

const sentence = (text: string, opensSection = false): Sentence => ({
  text,
  terms: text.toLowerCase().match(/[a-z]{4,}/g) ?? [],
  words: text.split(' ').length,
  opensSection,
});

describe('summarize', () => {
  it('prefers what the document talks about most, in its order, without repeating itself', () => {
    const sentences = [
      'It was a day like any other day.',
      'The bridge over the river needs new cables before winter.',
      'Somebody ate a sandwich quickly.',
      'The bridge over the river needs new cables before winter.',
      'Engineers say that cables of the bridge rust in the river air.',
      'Bridge',
    ].map(text => sentence(text));
    expect(summarize(sentences, 2, new Set(['bridge']))).toEqual([sentences[1]?.text, sentences[4]?.text]);
  });

  it('holds for any sentences: as many as asked for at most, each from the text, in order', () => {
    const any = fc.record({
      text: fc.string(),
      terms: fc.array(fc.constantFrom('a', 'b', 'c', 'd')),
      words: fc.nat(80),
      opensSection: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(any), fc.integer({ min: 1, max: 5 }), (parts, count) => {
        const sentences = parts.map((part, index) => ({ ...part, text: `${index}:${part.text}` }));
        const picked = summarize(sentences, count, new Set(['a']));
        const places = picked.map(text => Number(text.split(':')[0]));
        expect(picked.length).toBeLessThanOrEqual(count);
        expect(picked.length).toBeGreaterThanOrEqual(Math.min(1, sentences.length));
        expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
      }),
    );
  });
});
