import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { document } from './document.ts';

const faults = (input: unknown) => {
  const parsed = document.analyze.input.safeParse(input);
  return parsed.error?.issues.map(({ path, message }) => [path.join('.'), message]) ?? [];
};

describe('the input of document.analyze', () => {
  it('has defaults', () => {
    expect(document.analyze.input.parse({ text: 'Hi' })).toEqual({
      text: 'Hi',
      format: 'text',
      summarySentences: 3,
      maxEntities: 50,
    });
  });

  it.each([
    [{}, '', 'Give one of "text", "path" or "url".'],
    ['a.md', '', 'Give one of "text", "path" or "url".'],
    [
      { path: 'a', url: 'http://a.example' },
      '',
      'Give only one of "text", "path" and "url", not path and url.',
    ],
    [{ text: '' }, 'text', 'Write the text to analyze.'],
    [{ url: 'example.org' }, 'url', 'Write a full web address that starts with http:// or https://.'],
    [{ url: 'ftp://example.org' }, 'url', 'Write a full web address that starts with http:// or https://.'],
    [{ path: 'a', depth: 3 }, '', 'Unrecognized key: "depth"'],
    [{ path: 'a', summarySentences: 21 }, 'summarySentences', 'Too big: expected number to be <=20'],
    [
      { path: 'a', summarySentences: '3' },
      '',
      'summarySentences: Invalid input: expected number, received string',
    ],
  ])('%j: says what to do', (input, path, message) => {
    expect(faults(input)).toEqual([[path, message]]);
  });

  it('makes a JSON Schema that a form can be made from: three titled ways, every field titled and described', () => {
    const schema = z.toJSONSchema(document.analyze.input, { io: 'input' });
    const ways = schema.anyOf as z.core.JSONSchema.ObjectSchema[];
    expect(ways.map(({ title, required }) => [title, required])).toEqual([
      ['Text', ['text']],
      ['File', ['path']],
      ['Web address', ['url']],
    ]);
    for (const way of ways) {
      for (const field of Object.values(way.properties ?? {})) {
        expect(field).toMatchObject({ title: expect.any(String), description: expect.any(String) });
      }
    }
  });
});
