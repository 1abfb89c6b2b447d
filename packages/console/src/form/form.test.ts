import { sampleContract } from '@longhaul/samples';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import { faultsIn } from './faults.ts';
import { branchOf, initialValue, readField, type Schema, titleOf, withDefaults } from './schema.ts';

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Schema;
const kindOf = (schema: z.ZodType) => readField(schemaOf(schema), schemaOf(schema)).kind;

describe('a field for a schema', () => {
  it.each([
    ['text', z.string()],
    ['number', z.number()],
    ['number', z.int()],
    ['boolean', z.boolean()],
    ['choice', z.enum(['a', 'b'])],
    ['choice', z.literal('a')],
    ['object', z.object({ a: z.string() })],
    ['array', z.array(z.string())],
    ['map', z.record(z.string(), z.number())],
    ['union', z.union([z.string(), z.number()])],
    ['text', z.string().nullable()],
    ['json', z.unknown()],
    ['json', z.tuple([z.string(), z.number()])],
    // That one of them is needed is a rule of the object, and not two objects to choose from.
    ['object', z.object({ a: z.string().optional() }).meta({ oneOf: [{ required: ['a'] }] })],
  ])('%s', (kind, schema) => {
    expect(kindOf(schema)).toBe(kind);
  });

  it('follows references, also into itself', () => {
    const node: z.ZodType = z.object({
      name: z.string(),
      get kids() {
        return z.array(node);
      },
    });
    const root = schemaOf(node);
    const field = readField(root, root);
    const kids = field.kind === 'object' && field.properties.find(({ key }) => key === 'kids');
    const list = kids && readField(kids.schema, root);
    expect(list && list.kind === 'array' && readField(list.items, root).kind).toBe('object');
  });

  it.each([
    ['maxEntities', 'Max entities'],
    ['file_name', 'File name'],
  ])('%s is called %s', (key, title) => expect(titleOf(key)).toBe(title));
});

describe('what a form begins with', () => {
  it('has defaults, and everything needed', () => {
    const schema = schemaOf(
      z.object({
        text: z.string(),
        times: z.int().default(3),
        note: z.string().optional(),
        list: z.array(z.string()),
        deep: z.object({ on: z.boolean() }),
      }),
    );
    expect(initialValue(schema, schema)).toEqual({ text: '', times: 3, list: [], deep: { on: false } });
  });

  it('is of the branch that it was made for, for each branch of document.analyze', () => {
    const root = schemaOf(sampleContract.document.analyze.input);
    const field = readField(root, root);
    if (field.kind !== 'union') throw new Error(field.kind);
    expect(field.branches).toHaveLength(3);
    for (const [index, branch] of field.branches.entries())
      expect(branchOf(field.branches, initialValue(branch, root), root)).toBe(index);
  });
});

test('an earlier input shows the defaults that it left out', () => {
  const root = schemaOf(
    z.object({ a: z.int().default(3), b: z.string().optional(), deep: z.object({ c: z.int().default(1) }) }),
  );
  expect(withDefaults({ deep: {} }, root, root)).toEqual({ a: 3, deep: { c: 1 } });
  expect(withDefaults({ a: 5, deep: { c: 2 } }, root, root)).toEqual({ a: 5, deep: { c: 2 } });
});

describe('faults that need no gateway', () => {
  const schema = schemaOf(
    z.object({
      name: z.string().min(1),
      count: z.int().min(1).max(20),
      mode: z.enum(['a', 'b']),
      list: z.array(z.object({ n: z.number() })).min(1),
      note: z.string().optional(),
    }),
  );
  const faults = (value: unknown) =>
    faultsIn(schema, schema, value).map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('are none in a good input', () => {
    expect(faults({ name: 'x', count: 3, mode: 'a', list: [{ n: 1 }] })).toEqual([]);
  });

  it('stand at their fields', () => {
    expect(faults({ name: '', count: 21, mode: undefined, list: [{ n: { unread: 'x' } }] })).toEqual([
      'name: This is needed.',
      'count: 20 at most.',
      'mode: Choose one.',
      'list.0.n: Write a number.',
    ]);
    expect(faults({ name: 'x', count: 1.5, mode: 'a', list: [] })).toEqual([
      'count: Write a whole number.',
      'list: At least 1.',
    ]);
  });
});
