import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logFieldsBytes, logLine, logLineChars } from './logLine.ts';

const boom = () => {
  throw new Error('a hook');
};
const circle: { self?: unknown } = {};
circle.self = circle;
const cause = new Error('below');

test.each<[string, readonly [unknown, unknown?], ReturnType<typeof logLine>]>([
  ['a text', ['hello'], { message: 'hello' }],
  ['a text with fields', ['hello', { n: 1 }], { message: 'hello', fields: { n: 1 } }],
  [
    'an error',
    [new TypeError('no', { cause })],
    {
      message: 'no',
      fields: {
        err: expect.objectContaining({
          name: 'TypeError',
          message: 'no',
          causes: [expect.objectContaining({ message: 'below' })],
        }),
      },
    },
  ],
  [
    'an error with fields',
    [new Error('no'), { n: 1 }],
    { message: 'no', fields: { n: 1, err: expect.anything() } },
  ],
  [
    'a text with an error',
    ['it failed', new Error('no')],
    { message: 'it failed', fields: { err: expect.objectContaining({ message: 'no' }) } },
  ],
  ['fields before the text', [{ n: 1 }, 'hello'], { message: 'hello', fields: { n: 1 } }],
  ['an object alone', [{ n: 1 }], { message: '{ n: 1 }', fields: { n: 1 } }],
  ['a list', [[1, 2]], { message: '[ 1, 2 ]', fields: { value: [1, 2] } }],
  ['a number', [5], { message: '5' }],
  ['undefined', [undefined], { message: 'undefined' }],
  ['null', [null], { message: 'null' }],
  ['a symbol', [Symbol('s')], { message: 'Symbol(s)' }],
  ['a text and a number', ['steps', 5], { message: 'steps', fields: { value: 5 } }],
  ['a bigint in fields', ['x', { n: 5n }], { message: 'x', fields: { n: '5' } }],
  ['a circle in fields', ['x', { circle }], { message: 'x', fields: { circle: { self: '[circular]' } } }],
  [
    'a field that throws',
    ['x', Object.defineProperty({ n: 1 }, 'bad', { get: boom, enumerable: true })],
    { message: 'x', fields: { n: 1 } },
  ],
  [
    'a field whose toJSON throws',
    ['x', { a: { toJSON: boom, n: 1 } }],
    { message: 'x', fields: { a: { toJSON: expect.stringContaining('Function'), n: 1 } } },
  ],
  [
    'Map, Set, Date and NaN',
    ['x', { m: new Map([['a', 1]]), s: new Set([1]), d: new Date(0), n: Number.NaN }],
    { message: 'x', fields: { m: { a: 1 }, s: [1], d: '1970-01-01T00:00:00.000Z', n: 'NaN' } },
  ],
  [
    'an error among the fields',
    ['x', { err: new Error('no') }],
    { message: 'x', fields: { err: expect.objectContaining({ message: 'no' }) } },
  ],
])('a log line of %s is kept and readable', (_what, [first, second], line) => {
  expect(logLine(first, second)).toEqual(line);
});

test('what is logged is cut to its limits', () => {
  expect(logLine('x'.repeat(100_000)).message).toHaveLength(logLineChars + 1);
  const { fields } = logLine('x', { rows: Array.from({ length: 3_000 }, () => 'a row of some length') });
  expect(fields).toEqual({ fieldsLeftOut: expect.stringContaining('bytes') });
});

test('whatever is logged, there is a line, and it fits the wire', () => {
  const anything = fc.anything({
    withBigInt: true,
    withMap: true,
    withSet: true,
    withDate: true,
    withSparseArray: true,
    withNullPrototype: true,
  });
  fc.assert(
    fc.property(anything, anything, (first, second) => {
      const line = logLine(first, second);
      expect(typeof line.message).toBe('string');
      expect(Buffer.byteLength(JSON.stringify(line.fields ?? {}))).toBeLessThanOrEqual(logFieldsBytes);
    }),
    { numRuns: 1_000 },
  );
});
