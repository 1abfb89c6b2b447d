import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineContract } from '../contract/defineContract.ts';
import { defineTask } from '../contract/defineTask.ts';
import { checkContract } from './checkContract.ts';
import { contractSnapshot } from './contractSnapshot.ts';

type Parts = {
  readonly input?: z.ZodType;
  readonly output?: z.ZodType;
  readonly errors?: Record<string, z.ZodType>;
};
type Options = Parts & { readonly timeoutMs?: number; readonly limit?: number };

const snapshotOf = (
  { input = z.string(), output = z.string(), errors = {}, timeoutMs, limit }: Options,
  name = 'run_it',
) =>
  contractSnapshot(
    defineContract({
      job: {
        [name]: defineTask({
          input,
          output,
          errors,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
          ...(limit === undefined ? {} : { concurrency: { limit } }),
        }),
      },
    }),
  );
const check = (before: Options, after: Options) => checkContract(snapshotOf(before), snapshotOf(after));
const shown = (before: Options, after: Options) =>
  check(before, after).findings.map(({ level, part, path }) => `${level} ${part} ${path}`.trim());

const o = z.object;
const s = z.string();
const n = z.number();

describe('checkContract', () => {
  test.each<[string, Options, Options, string[]]>([
    ['nothing', { input: o({ a: s }) }, { input: o({ a: s }) }, []],
    ['a description', { input: o({ a: s }) }, { input: o({ a: s.describe('A') }).meta({ title: 'T' }) }, []],
    [
      'a required input field added',
      { input: o({ a: s }) },
      { input: o({ a: s, b: s }) },
      ['breaking input b'],
    ],
    ['an optional input field added', { input: o({ a: s }) }, { input: o({ a: s, b: s.optional() }) }, []],
    [
      'an input field with a default added',
      { input: o({ a: s }) },
      { input: o({ a: s, b: s.default('x') }) },
      [],
    ],
    ['an input field removed', { input: o({ a: s, b: s }) }, { input: o({ a: s }) }, ['rollout input b']],
    [
      'an input field removed from a strict object',
      { input: z.strictObject({ a: s, b: s }) },
      { input: z.strictObject({ a: s }) },
      ['breaking input b', 'rollout input b'],
    ],
    [
      'an input field renamed',
      { input: o({ a: s }) },
      { input: o({ b: s }) },
      ['breaking input b', 'rollout input a'],
    ],
    ['an input enum widened', { input: z.enum(['a']) }, { input: z.enum(['a', 'b']) }, ['rollout input']],
    ['an input enum narrowed', { input: z.enum(['a', 'b']) }, { input: z.enum(['a']) }, ['breaking input']],
    [
      'an input bound tightened',
      { input: o({ a: n.max(9) }) },
      { input: o({ a: n.max(5) }) },
      ['breaking input a'],
    ],
    [
      'an input bound loosened',
      { input: o({ a: n.max(5) }) },
      { input: o({ a: n.max(9) }) },
      ['rollout input a'],
    ],
    [
      'an input made nullable',
      { input: o({ a: n }) },
      { input: o({ a: n.nullable() }) },
      ['rollout input a'],
    ],
    ['a number for whole numbers', { input: z.int() }, { input: n }, ['rollout input']],
    [
      'a required output field added',
      { output: o({ a: s }) },
      { output: o({ a: s, b: s }) },
      ['breaking output b'],
    ],
    ['an optional output field added', { output: o({ a: s }) }, { output: o({ a: s, b: s.optional() }) }, []],
    [
      'an output field with a default added',
      { output: o({ a: s }) },
      { output: o({ a: s, b: s.default('x') }) },
      [],
    ],
    ['an output default dropped', { output: o({ a: s.default('x') }) }, { output: o({ a: s }) }, []],
    [
      'an output field removed',
      { output: o({ a: s, b: s }) },
      { output: o({ a: s }) },
      ['breaking output b'],
    ],
    [
      'an output enum widened',
      { output: z.enum(['a']) },
      { output: z.enum(['a', 'b']) },
      ['breaking output'],
    ],
    [
      'an output enum narrowed',
      { output: z.enum(['a', 'b']) },
      { output: z.enum(['a']) },
      ['breaking output'],
    ],
    [
      'an array element',
      { output: o({ a: z.array(o({ x: s })) }) },
      { output: o({ a: z.array(o({ x: s, y: s })) }) },
      ['breaking output a[].y'],
    ],
    ['an error added', {}, { errors: { BAD: o({}) } }, ['rollout errors.BAD']],
    ['an error removed', { errors: { BAD: o({}) } }, {}, ['breaking errors.BAD']],
    [
      'error data',
      { errors: { BAD: o({ a: s }) } },
      { errors: { BAD: o({ b: s }) } },
      ['breaking errors.BAD b', 'breaking errors.BAD a'],
    ],
    ['the policy', { timeoutMs: 1 }, { timeoutMs: 2 }, ['note policy timeoutMs']],
    ['a limit', { limit: 1 }, { limit: 2 }, ['rollout limits']],
    [
      'a union widened',
      { input: z.union([s, n]) },
      { input: z.union([s, n, z.boolean()]) },
      ['rollout input'],
    ],
    [
      'a record',
      { input: z.record(s, n) },
      { input: z.record(s, s) },
      ['breaking input *', 'rollout input *'],
    ],
    ['a format', { input: s }, { input: z.email() }, ['breaking input', 'breaking input']],
  ])('%s', (_change, before, after, findings) => {
    expect(shown(before, after)).toEqual(findings);
  });

  test('says what has changed and whom it touches', () => {
    const [finding] = check({ input: o({ a: s }) }, { input: o({ a: s, lang: s }) }).findings;
    expect(finding).toEqual({
      level: 'breaking',
      task: 'job.run_it',
      part: 'input',
      path: 'lang',
      message:
        'It is required in the new contract; the old one does not have it: inputs that are queued or scheduled, and callers with the old contract, are refused.',
    });
  });

  test('a task type that is gone may have been renamed', () => {
    const { compatible, findings } = checkContract(snapshotOf({}), snapshotOf({}, 'do_it'));
    expect(compatible).toBe(false);
    expect(findings[0]?.message).toContain('job.do_it');
  });

  test('schemas that refer to themselves are compared', () => {
    type Tree = { name: string; children: Tree[] };
    const tree = (name: z.ZodType<string>): z.ZodType<Tree> => {
      const node: z.ZodType<Tree> = z.object({
        name,
        get children() {
          return z.array(node);
        },
      });
      return node;
    };
    expect(shown({ input: tree(s) }, { input: tree(s) })).toEqual([]);
    expect(shown({ input: tree(s) }, { input: tree(s.min(3)) })).toContain('breaking input name');
  });

  test('survives being written to a file', () => {
    const snapshot = snapshotOf({ input: o({ a: s.default('x') }), limit: 3 });
    expect(checkContract(JSON.parse(JSON.stringify(snapshot)), snapshot)).toEqual({
      compatible: true,
      findings: [],
    });
  });
});

/** A schema, and values that a caller may write for it: known fields alone. */
type Sampled = { readonly schema: z.ZodType; readonly values: fc.Arbitrary<unknown> };

const letters = ['a', 'b', 'c'] as const;
const scalar: fc.Arbitrary<Sampled> = fc.oneof(
  fc.tuple(fc.nat(2), fc.nat(2)).map(([min, more]) => ({
    schema: z
      .string()
      .min(min)
      .max(min + more),
    values: fc.string({ minLength: min, maxLength: min + more, unit: 'grapheme-ascii' }),
  })),
  fc.tuple(fc.integer({ min: -3, max: 3 }), fc.nat(3), fc.boolean()).map(([min, more, whole]) => ({
    schema: (whole ? z.int() : z.number()).min(min).max(min + more),
    values: whole ? fc.integer({ min, max: min + more }) : fc.double({ min, max: min + more, noNaN: true }),
  })),
  fc.subarray([...letters], { minLength: 1 }).map(some => ({
    schema: z.enum(some as [string, ...string[]]),
    values: fc.constantFrom(...some),
  })),
  fc
    .constantFrom(1, 'a', true, null)
    .map(value => ({ schema: z.literal(value), values: fc.constant(value) })),
  fc.constant({ schema: z.boolean(), values: fc.boolean() }),
);
const sampled: fc.Arbitrary<Sampled> = fc.letrec<{ any: Sampled }>(tie => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    objectOf(tie('any')),
    fc.tuple(tie('any'), fc.nat(1), fc.nat(2)).map(([{ schema, values }, min, more]) => ({
      schema: z
        .array(schema)
        .min(min)
        .max(min + more),
      values: fc.array(values, { minLength: min, maxLength: min + more }),
    })),
    tie('any').map(({ schema, values }) => ({ schema: schema.nullable(), values: fc.option(values) })),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => ({
      schema: z.union([a.schema, b.schema]),
      values: fc.oneof(a.values, b.values),
    })),
    tie('any').map(({ schema, values }) => ({
      schema: z.record(z.string(), schema),
      values: fc.dictionary(fc.constantFrom('x', 'y'), values),
    })),
  ),
})).any;

function objectOf(field: fc.Arbitrary<Sampled>): fc.Arbitrary<Sampled> {
  const one = fc.record({ field, kind: fc.constantFrom('required', 'optional') });
  return fc
    .record({ fields: fc.dictionary(fc.constantFrom(...letters), one, { maxKeys: 3 }), strict: fc.boolean() })
    .map(({ fields, strict }) => {
      const entries = Object.entries(fields);
      const shape = Object.fromEntries(
        entries.map(
          ([
            key,
            {
              field: { schema },
              kind,
            },
          ]) => [key, kind === 'required' ? schema : schema.optional()],
        ),
      );
      return {
        schema: strict ? z.strictObject(shape) : z.object(shape),
        values: fc.record(
          Object.fromEntries(
            entries.map(
              ([
                key,
                {
                  field: { values },
                },
              ]) => [key, values],
            ),
          ),
          {
            requiredKeys: entries.filter(([, { kind }]) => kind === 'required').map(([key]) => key),
            noNullPrototype: true,
          },
        ),
      };
    });
}

describe('a verdict can be relied on', () => {
  const isSafe = (before: z.ZodType, after: z.ZodType, part: 'input' | 'output') =>
    check({ [part]: before }, { [part]: after }).findings.every(({ level }) => level !== 'breaking');

  test('every schema is compatible with itself', () => {
    fc.assert(
      fc.property(sampled, ({ schema }) => {
        expect(check({ input: schema, output: schema }, { input: schema, output: schema }).findings).toEqual(
          [],
        );
      }),
      { numRuns: 100 },
    );
  });

  test.each(['input', 'output'] as const)('compatible: every old %s passes the new schema', part => {
    let compatible = 0;
    // Two schemas that have nothing to do with each other hardly ever fit; changes of one often do.
    const pairs = fc.oneof(
      fc.tuple(sampled, sampled),
      fc
        .tuple(sampled, fc.constantFrom('nullable', 'union', 'object'))
        .map(([one, change]): [Sampled, Sampled] => [one, { ...one, schema: changed(one.schema, change) }]),
      fc.tuple(objectOf(scalar), objectOf(scalar)),
    );
    fc.assert(
      fc.property(pairs, fc.infiniteStream(fc.nat()), ([before, after], seeds) => {
        if (!isSafe(before.schema, after.schema, part)) return;
        compatible += 1;
        const [seed] = [...seeds.take(1)];
        for (const value of fc.sample(before.values, {
          numRuns: 10,
          ...(seed === undefined ? {} : { seed }),
        })) {
          const sent = JSON.parse(JSON.stringify(value)) as unknown;
          // What is recorded has been parsed by the old contract.
          const recorded = part === 'output' ? JSON.parse(JSON.stringify(before.schema.parse(sent))) : sent;
          expect(after.schema.safeParse(recorded).error).toBeUndefined();
        }
      }),
      { numRuns: 400 },
    );
    expect(compatible).toBeGreaterThan(10);
  });
});

function changed(schema: z.ZodType, change: 'nullable' | 'union' | 'object'): z.ZodType {
  if (change === 'nullable') return schema.nullable();
  if (change === 'union') return z.union([z.literal('other'), schema]);
  return schema instanceof z.ZodObject ? schema.extend({ added: z.string().optional() }) : schema;
}
