import { defineTask } from '@longhaul/proto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkProgress } from '../handler/checkProgress.ts';
import { endingOfError, endingOfOutput } from '../handler/ending.ts';
import { TaskError, TaskFault } from '../handler/handlerErrors.ts';
import { plainJson } from './plainJson.ts';

const loose = defineTask({
  input: z.unknown(),
  output: z.object({ of: z.unknown() }),
  progress: z.object({ of: z.any() }),
  errors: { LOOSE: z.object({ of: z.unknown() }) },
});
class Money {
  readonly cents = 5;
}
const circle: { rows: unknown[] } = { rows: [] };
circle.rows.push(circle);
const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
};

const notJson: readonly (readonly [what: string, value: unknown, says: string | RegExp])[] = [
  ['a Map', new Map([[1, 2]]), 'of is an instance of Map'],
  ['a Set in a list', [1, new Set()], 'of[1] is an instance of Set'],
  ['an Error', { why: new Error('x') }, 'of.why is an instance of Error'],
  ['a function', { f: () => 1 }, 'of.f is a function'],
  ['NaN', { x: Number.NaN }, 'of.x is NaN'],
  ['Infinity', [Number.POSITIVE_INFINITY], 'of[0] is Infinity'],
  ['a symbol', Symbol('s'), 'of is a symbol'],
  ['a bigint', { 'two words': 5n }, "of['two words'] is the bigint 5"],
  ['a class instance', new Money(), 'of is an instance of Money'],
  ['a Date', { at: new Date(0) }, 'of.at is an instance of Date'],
  ['bytes', new Uint8Array(2), 'of is an instance of Uint8Array'],
  ['a circle', circle, /of\.rows.* is a reference to itself/],
  // biome-ignore lint/suspicious/noSparseArray: that is what is tested
  ['a hole in a list', [1, , 3], 'of[1] is undefined'],
  [
    'a getter that throws',
    Object.defineProperty({}, 'x', { get: () => notThere(), enumerable: true }),
    'no such',
  ],
  ['a nesting without end', deep(100_000), /nested more than 1000 levels deep/],
];
function notThere(): never {
  throw new Error('no such');
}
const saying = (says: string | RegExp) =>
  typeof says === 'string' ? expect.stringContaining(says) : expect.stringMatching(says);

describe.each(notJson)('%s is not written as something else', (_what, of, says) => {
  test('as an output: INVALID_OUTPUT names the path', async () => {
    expect(await endingOfOutput(loose, { of })).toMatchObject({
      error: { code: 'INVALID_OUTPUT', message: saying(says) },
    });
  });
  test('as a progress: INVALID_PROGRESS names the path', () => {
    const report = () => checkProgress(loose, { of });
    expect(report).toThrow(TaskFault);
    expect(report).toThrow(says);
  });
  test('as data of a declared error: INVALID_ERROR_DATA names the path', async () => {
    expect(await endingOfError(loose, new TaskError('LOOSE', 'no', { of }))).toMatchObject({
      error: { code: 'INVALID_ERROR_DATA', message: saying(says) },
    });
  });
});

test('whatever is let through is what JSON has of it', () => {
  fc.assert(
    fc.property(
      fc.anything({
        withBigInt: true,
        withMap: true,
        withSet: true,
        withDate: true,
        withSparseArray: true,
        withNullPrototype: true,
      }),
      value => {
        let copied: unknown;
        try {
          copied = plainJson(value);
        } catch {
          return;
        }
        if (copied === undefined) return;
        const read: unknown = JSON.parse(JSON.stringify(value) ?? 'null');
        expect(JSON.stringify(copied)).toBe(JSON.stringify(read));
        expect(JSON.parse(JSON.stringify(copied))).toEqual(read);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('JSON is always let through', () => {
  fc.assert(
    fc.property(fc.json(), text => {
      const value: unknown = JSON.parse(text);
      expect(JSON.stringify(plainJson(value))).toBe(JSON.stringify(value));
    }),
  );
});

test('a copy stays what it was, and runs no getter again', () => {
  let reads = 0;
  const value = Object.defineProperty({ list: [1] }, 'x', { get: () => (reads += 1), enumerable: true });
  const copied = plainJson(value);
  value.list.push(2);
  JSON.stringify(copied);
  expect(copied).toEqual({ list: [1], x: 1 });
  expect(reads).toBe(1);
});
