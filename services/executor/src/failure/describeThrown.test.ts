import { failureLimits, failureSchema } from '@longhaul/proto/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeThrown } from './describeThrown.ts';

/** What a failure with it would be on the wire. */
function written(thrown: unknown) {
  const failure = { code: 'HANDLER_ERROR', ...describeThrown(thrown) };
  expect(failureSchema.parse(JSON.parse(JSON.stringify(failure)))).toEqual(failure);
  return failure;
}

const boom = () => {
  throw new TypeError('a hook of the value');
};
const hooks = { toString: boom, toJSON: boom, valueOf: boom, [Symbol.toPrimitive]: boom };
const getters = (keys: readonly string[]) =>
  Object.defineProperties({}, Object.fromEntries(keys.map(key => [key, { get: boom, enumerable: true }])));
const allTraps = new Proxy(
  {},
  Object.fromEntries(Object.getOwnPropertyNames(Reflect).map(trap => [trap, boom])),
);
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const selfCaused = new Error('a circle');
selfCaused.cause = selfCaused;
class Unnamed extends Error {}

describe('the message', () => {
  test.each<[string, unknown, string | RegExp]>([
    ['of an error', new Error('no'), 'no'],
    ['that is an array', Object.assign(new Error(), { message: ['a', 'b must be 1'] }), 'a; b must be 1'],
    ['that is undefined', Object.assign(new Error(), { message: undefined }), 'Error without a message'],
    ['that is an object', Object.assign(new Error(), { message: { why: 1 } }), '{ why: 1 }'],
    ['that is a symbol', Object.assign(new Error(), { message: Symbol('s') }), 'Symbol(s)'],
    ['of an empty AggregateError', new AggregateError([]), 'AggregateError without a message'],
    [
      'of an AggregateError without one',
      new AggregateError([new Error('a'), new Error('b'), new Error('c'), new Error('d')]),
      'AggregateError: a; b; c; and 1 more',
    ],
    [
      'of a refused connection to two addresses',
      Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:1')]), { code: 'ECONNREFUSED' }),
      'ECONNREFUSED: connect ECONNREFUSED ::1:1',
    ],
    ['that only the cause has', new Error('', { cause: new Error('below') }), /caused by: below/],
    ['of an object that looks like one', { message: 'no', code: 7 }, 'no'],
    ['of null', null, /^null was thrown/],
    ['of undefined', undefined, /^undefined was thrown/],
    ['of a symbol', Symbol('x'), /^Symbol\(x\) was thrown/],
    ['of an object', { a: 1 }, /^\{ a: 1 \} was thrown/],
    ['of a text', 'no', 'no'],
    ['of an empty text', '', 'An empty text was thrown.'],
    ['with colours', new Error('\u001b[31mred\u001b[0m'), 'red'],
  ])('%s', (_what, thrown, message) => {
    expect(written(thrown).message).toEqual(
      typeof message === 'string' ? message : expect.stringMatching(message),
    );
  });
});

test.each<[string, unknown]>([
  ['a Proxy whose every trap throws', allTraps],
  ['a revoked Proxy', revoked()],
  ['a Proxy around an error', new Proxy(new Error('inside'), { getPrototypeOf: boom })],
  ['hooks that throw', Object.assign(new Error('hooks'), hooks)],
  ['a message that throws', Object.defineProperty(new Error('x'), 'message', { get: boom })],
  ['getters that throw', getters(['message', 'name', 'stack', 'cause', 'errors', 'code', 'constructor'])],
  ['an inspect hook that throws', { [Symbol.for('nodejs.util.inspect.custom')]: boom }],
  ['a tag that throws', Object.defineProperty({}, Symbol.toStringTag, { get: boom })],
  ['a frozen error', Object.freeze(new Error('frozen'))],
  ['a stack that is no text', Object.assign(new Error('x'), { stack: 5 })],
  ['errors that are no list', Object.assign(new Error('x'), { errors: { length: 1e9 } })],
  ['a sparse list of errors', Object.assign(new Error('x'), { errors: new Array(1e6) })],
  ['an object without a prototype', Object.create(null)],
  ['a function', boom],
])('what was thrown is described, and none of its code throws: %s', (_what, thrown) => {
  expect(written(thrown).message).toMatch(/\S/);
});

describe('causes', () => {
  test('are kept down to the first, with name, code, message and stack', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    const top = new Error('top', { cause: new TypeError('fetch failed', { cause: refused }) });
    expect(written(top)).toMatchObject({
      name: 'Error',
      message: 'top',
      stack: expect.stringMatching(/^Error: top\n {4}at /),
      causes: [
        { depth: 1, from: 'cause', name: 'TypeError', message: 'fetch failed' },
        {
          depth: 2,
          from: 'cause',
          code: 'ECONNREFUSED',
          message: refused.message,
          stack: expect.any(String),
        },
      ],
    });
  });

  test('of an AggregateError are its members and their causes', () => {
    const error = new AggregateError([new Error('a', { cause: 'why a' }), new Error('b')], 'both');
    expect(written(error).causes?.map(({ depth, from, message }) => [depth, from, message])).toEqual([
      [1, 'errors', 'a'],
      [2, 'cause', 'why a'],
      [1, 'errors', 'b'],
    ]);
  });

  test('in a circle come once', () => {
    expect(written(selfCaused).causes).toBeUndefined();
  });

  test('beyond the limit are counted', () => {
    const error = new AggregateError(Array.from({ length: 100 }, (_, n) => new Error(`${n}`)));
    const { causes, causesOmitted } = written(error);
    expect(causes).toHaveLength(failureLimits.causes);
    expect(causesOmitted).toBe(100 - failureLimits.causes);
  });

  test('without end are cut', () => {
    let error = new Error('first');
    for (let n = 0; n < 10_000; n += 1) error = new Error(`${n}`, { cause: error });
    expect(written(error)).toMatchObject({ causes: { length: failureLimits.causes }, causesOmitted: 1 });
  });
});

test('a class that set no name is called by its own', () => {
  expect(written(new Unnamed('x')).name).toBe('Unnamed');
});

test('a long message leaves the frames of the stack in place', () => {
  expect(written(new Error('x'.repeat(1_000_000))).stack).toContain('describeThrown.test.ts');
});

/** How to make values that nobody should throw: the generator itself could not touch them. */
const hostile: readonly (() => unknown)[] = [
  () => allTraps,
  revoked,
  () => selfCaused,
  () => getters(['message', 'stack', 'name', 'cause']),
  () => new Proxy(new Error('inside'), { get: boom }),
];
const makers: readonly (() => object)[] = [
  () => new Error('message'),
  () => new AggregateError([]),
  () => Object.create(Error.prototype) as object,
  () => ({}),
];
type Make = () => unknown;
const { value: anything } = fc.letrec<{ value: Make; error: Make }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc
      .anything({ withBigInt: true, withMap: true, withSet: true, withDate: true, withSparseArray: true })
      .map(value => () => value),
    fc.nat(hostile.length - 1).map(at => () => hostile[at]?.()),
    tie('error'),
    fc.array(tie('value'), { maxLength: 12 }).map(items => () => items.map(make => make())),
  ),
  error: fc
    .record({
      maker: fc.nat(makers.length - 1),
      parts: fc.dictionary(
        fc.constantFrom('message', 'name', 'stack', 'cause', 'errors', 'code', 'constructor', 'toString'),
        fc.oneof(
          tie('value'),
          fc.string({ unit: 'binary' }).map(text => () => text),
        ),
      ),
    })
    .map(({ maker, parts }) => () => {
      const error = makers[maker]?.() ?? {};
      for (const [key, make] of Object.entries(parts))
        Object.defineProperty(error, key, { value: make(), configurable: true, enumerable: true });
      return error;
    }),
}));

test('whatever is thrown becomes a failure that fits the wire', () => {
  fc.assert(
    fc.property(anything, make => {
      const failure = written(make());
      expect(failure.message).toMatch(/\S/);
      expect(JSON.stringify(failure).length).toBeLessThan(160_000);
      expect(failure.causes?.length ?? 0).toBeLessThanOrEqual(failureLimits.causes);
    }),
    { numRuns: 1_000 },
  );
});
