import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { LargeBodies } from './largeBodies.ts';
import { batchChars, TextPlaces, takeTexts } from './texts.ts';

const large = new LargeBodies();
afterAll(() => large.close());
const read = (json: string, shape: 'whole' | 'input' | 'tasks' = 'whole') =>
  large.read([Buffer.from(json.slice(0, 7)), Buffer.from(json.slice(7))], shape);

/** Texts around the lengths at which they are taken out or cut. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .record({ unit: fc.constantFrom('x', '€', '😀', '"'), length: fc.constantFrom(63, 64, 65, batchChars) })
    .chain(({ unit, length }) => fc.constantFrom(0, 1).map(more => unit.repeat(length + more))),
);
const json = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.constantFrom(null, true, 0, -1.5, 1e300),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom('__proto__', 'constructor', '0', ''), fc.string()), tie('value'), {
      maxKeys: 4,
    }),
  ),
})).value;

describe('a value without its texts', () => {
  it('is small, and is the same again when they are back', () => {
    fc.assert(
      fc.property(json, value => {
        const sent = JSON.stringify(value);
        const taken = structuredClone(takeTexts(JSON.parse(sent)));
        const { outline, batches } = taken;
        for (const batch of batches)
          expect(batch.length === 1 || batch.join('').length <= batchChars).toBe(true);
        for (const left of JSON.stringify(outline.holder).match(/"(?:[^"\\]|\\.)*"(?!:)/g) ?? [])
          expect((JSON.parse(left) as string).length).toBeLessThanOrEqual(64);
        const places = new TextPlaces(outline.places);
        for (const batch of batches) places.put(batch);
        expect(JSON.stringify(outline.holder.value)).toBe(sent);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the thread', () => {
  it('reads what the parser reads, and writes each input as it is stored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(json, { maxLength: 3 }), async inputs => {
        const body = { tasks: inputs.map(input => ({ input, priority: 'low' })) };
        const { value, encoded } = await read(JSON.stringify(body), 'tasks');
        expect(JSON.stringify(value)).toBe(JSON.stringify(body));
        for (const { input } of (value as typeof body).tasks) {
          const written = JSON.stringify(input);
          expect(Buffer.from(encoded(input)?.bytes ?? []).toString()).toBe(written);
          expect(encoded(input)?.digest).toBe(createHash('sha256').update(written).digest('base64url'));
        }
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['whole', '{"a":[1]}', ['{"a":[1]}']],
    ['input', '{"input":{"a":1}}', ['{"a":1}']],
    ['input', '{"input":"text"}', ['"text"']],
    ['input', '{"other":1}', []],
    ['input', 'null', []],
    ['tasks', '{"tasks":[{"input":1},{},3,null,{"input":[2]}]}', ['1', '[2]']],
    ['tasks', '{"tasks":{"input":1}}', []],
    ['tasks', '[]', []],
  ] as const)('finds the inputs of a body, %s: %s', async (shape, body, inputs) => {
    const { value, encoded } = await read(body, shape);
    expect(value).toEqual(JSON.parse(body));
    for (const input of inputs) {
      const [found] = findIn(value, input);
      expect(Buffer.from(encoded(found)?.bytes ?? []).toString()).toBe(input);
    }
    expect(encoded('nothing of it')).toBeUndefined();
    expect(encoded({})).toBeUndefined();
  });

  it('takes many bodies at a time, and keeps them apart', async () => {
    const bodies = Array.from({ length: 20 }, (_, n) => ({ text: String(n % 10).repeat(700_000 + n) }));
    const values = await Promise.all(bodies.map(body => read(JSON.stringify(body))));
    expect(values.map(({ value }) => value)).toEqual(bodies);
  });

  it.each([
    ['{"a":', /Unexpected end|Expected/],
    ['{"a":1}}', /after JSON/],
    ['', /Unexpected end/],
  ])('says why %s is not JSON', async (body, why) => {
    await expect(read(body)).rejects.toThrow(
      expect.objectContaining({ name: 'NotJsonError', message: expect.stringMatching(why) }),
    );
  });

  it('says so where the bytes are not UTF-8', async () => {
    await expect(large.read([Buffer.from([0x22, 0xff, 0x22])], 'whole')).rejects.toThrow('not UTF-8');
  });

  it('that ends fails the bodies that it was reading, and another one reads the next', async () => {
    // Both are expected to fail before either does: a rejection without a listener ends the run.
    const failing = [read(JSON.stringify('x'.repeat(5_000_000))), read('[1]')].map(one =>
      expect(one).rejects.toMatchObject({ code: 'OVERLOADED' }),
    );
    const ended = large.close();
    await Promise.all(failing);
    await ended;
    expect((await read('[2]')).value).toEqual([2]);
  });
});

function findIn(value: unknown, written: string): unknown[] {
  if (JSON.stringify(value) === written) return [value];
  return typeof value === 'object' && value !== null
    ? Object.values(value).flatMap(member => findIn(member, written))
    : [];
}
