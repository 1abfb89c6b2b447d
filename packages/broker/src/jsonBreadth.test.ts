import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonBreadth } from './jsonBreadth.ts';

/** What it has to count, counted in the parsed value. Duplicate names are one member there, so none are generated. */
function countsOf(value: unknown, keys = new Set<string>()): { readonly values: number; keys: Set<string> } {
  if (typeof value !== 'object' || value === null) return { values: 0, keys };
  let values = 0;
  for (const [key, child] of Object.entries(value)) {
    if (!Array.isArray(value)) keys.add(JSON.stringify(key));
    values += 1 + countsOf(child, keys).values;
  }
  return { values, keys };
}

/** In pieces of so many bytes. */
function scan(json: string, limits: { values: number; keys: number }, pieceBytes = 7): JsonBreadth {
  const breadth = new JsonBreadth(limits);
  const bytes = Buffer.from(json);
  for (let at = 0; at < bytes.length; at += pieceBytes) breadth.push(bytes.subarray(at, at + pieceBytes));
  return breadth;
}
const plenty = 1_000_000;

test('counts exactly what the parser will make, wherever the pieces end and however it is spaced', () => {
  const nasty = fc.oneof(
    fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', ' ', 'é', 'a') }),
    fc.constantFrom('__proto__', 'constructor', 'id', ''),
  );
  const json = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      nasty,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(null, true, false),
      fc.array(tie('value')),
      fc.dictionary(nasty, tie('value')),
    ),
  })).value;
  fc.assert(
    fc.property(json, fc.integer({ min: 1, max: 40 }), fc.constantFrom(0, 2), (value, piece, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      const { values, keys } = countsOf(JSON.parse(text));
      const exact = { values, keys: keys.size };
      expect(scan(text, exact, piece).excess).toBeUndefined();
      if (values > 0) expect(scan(text, { ...exact, values: values - 1 }, piece).excess).toBe('values');
      if (keys.size > 0)
        expect(scan(text, { values: plenty, keys: keys.size - 1 }, piece).excess).toBe('keys');
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['duplicate names', '{"a":1,"a":2,"a":3}', 3, 1],
  ['the same name in many objects', '[{"a":1},{"a":2}]', 4, 1],
  ['containers in containers', '[[[[]]]]', 3, 0],
  ['empty containers', '[{},[],{}]', 3, 0],
  ['text that looks like structure', '["{\\"a\\":[1,2,3]}"]', 1, 0],
  ['one long number', `[${'9'.repeat(1_000)}]`, 1, 0],
  ['a long name', `{"${'n'.repeat(640)}":1}`, 11, 1],
  ['a long name of escapes', `{"${'\\u0041'.repeat(64)}":1}`, 7, 1],
  ['a long text', `{"a":"${'n'.repeat(640)}"}`, 1, 1],
  ['a lone value', '"a"', 0, 0],
  ['nothing', '', 0, 0],
  ['what is not JSON', '}}]],,,{{{"', 6, 0],
])('counts %s', (_what, json, values, keys) => {
  expect(scan(json, { values, keys }).excess).toBeUndefined();
  if (values > 0) expect(scan(json, { values: values - 1, keys: plenty }).excess).toBe('values');
  if (keys > 0) expect(scan(json, { values: plenty, keys: keys - 1 }).excess).toBe('keys');
});

test.each([
  ['a call', '{"id":7,"params":{"input":{"id":8}}}', ['7']],
  ['a batch', '[{"id":7,"method":"x"},{"params":{"id":9},"id": "b"}]', ['7', '"b"']],
  ['the id behind the input', '{"params":{"input":[{"id":1}]},"id":12}', ['12']],
  ['no id', '{"params":[{"id":1}]}', []],
])('finds where the ids of %s begin', (_what, json, ids) => {
  const found = scan(json, { values: 2, keys: 0 }).idOffsets.map(
    offset => /^\s*:\s*("[^"]*"|[^,}\s]+)/.exec(json.slice(offset))?.[1],
  );
  expect(found).toEqual(ids);
});

test('keeps nothing of what is over the limits', () => {
  const breadth = new JsonBreadth({ values: 10, keys: 10 });
  breadth.push(Buffer.from('['.repeat(100_000)));
  breadth.push(Buffer.from(`{${Array.from({ length: 10_000 }, (_, i) => `"${i}":0`).join()}}`));
  expect(breadth.excess).toBe('values');
});
