import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { builtInFailures } from '../wire/failure.ts';
import { ContractError, type ContractErrorCode } from './contractError.ts';
import { defineTask } from './defineTask.ts';
import { defaultPolicy } from './taskPolicy.ts';

const plain = { input: z.object({ a: z.string() }), output: z.object({ b: z.number() }) };

function codeOf(define: () => unknown): ContractErrorCode | undefined {
  try {
    define();
    return undefined;
  } catch (error) {
    if (error instanceof ContractError) return error.code;
    throw error;
  }
}

describe('what is left out', () => {
  test('has its default', () => {
    const task = defineTask(plain);
    expect(task).toMatchObject({ kind: 'task', errors: {}, policy: defaultPolicy });
    expect(task.progress.safeParse({}).success).toBe(false);
  });

  test('is only what was left out', () => {
    expect(defineTask({ ...plain, timeoutMs: 5 }).policy).toEqual({ ...defaultPolicy, timeoutMs: 5 });
  });
});

describe('an input', () => {
  test.each<[string, z.ZodType]>([
    ['that transforms', z.string().transform(Number)],
    ['with defaults', z.object({ a: z.string().default('x') })],
    ['with a codec', z.stringbool()],
    ['parsed in steps', z.string().transform(Number).pipe(z.number())],
    ['that may be left out', z.object({}).optional()],
  ])('%s is accepted', (_what, input) => {
    expect(defineTask({ ...plain, input }).input).toBe(input);
  });

  test.each<[string, z.ZodType]>([
    ['a date', z.date()],
    ['a bigint', z.object({ n: z.bigint() })],
    ['a map', z.map(z.string(), z.string())],
    ['a function', z.instanceof(Function)],
  ])('that is %s is refused', (_what, input) => {
    expect(codeOf(() => defineTask({ ...plain, input }))).toBe('NOT_JSON');
  });
});

describe('output, progress and the data of errors', () => {
  const parts: readonly [string, (schema: z.ZodType) => unknown][] = [
    ['output', schema => defineTask({ ...plain, output: schema })],
    ['progress', schema => defineTask({ ...plain, progress: schema })],
    ['errors.BAD', schema => defineTask({ ...plain, errors: { BAD: schema } })],
  ];
  const refused: readonly [string, z.ZodType][] = [
    ['a date', z.date()],
    ['undefined', z.undefined()],
    ['a transform', z.string().transform(Number)],
    ['a transform with a checked result', z.string().transform(Number).pipe(z.number())],
    ['a preprocessed value', z.preprocess(Number, z.number())],
    ['a codec', z.stringbool()],
    ['a transform deep inside', z.object({ a: z.array(z.string().transform(Number).pipe(z.number())) })],
    ['a transform behind a lazy', z.lazy(() => z.string().transform(Number).pipe(z.number()))],
  ];
  const accepted: readonly [string, z.ZodType][] = [
    ['anything', z.unknown()],
    ['an optional value', z.string().optional()],
    ['a default', z.object({ a: z.string().default('x') })],
    ['a narrowing pipe', z.string().pipe(z.email())],
    [
      'a tree',
      z.object({
        name: z.string(),
        get children() {
          return z.array(z.object({ n: z.int() }));
        },
      }),
    ],
  ];
  for (const [part, define] of parts) {
    test.each(refused)(`${part}: %s is refused, naming the part`, (_what, schema) => {
      expect(codeOf(() => define(schema))).toBe('NOT_JSON');
      expect(() => define(schema)).toThrow(part);
    });
    test.each(accepted)(`${part}: %s is accepted`, (_what, schema) => {
      expect(codeOf(() => define(schema))).toBeUndefined();
    });
  }
});

describe('error codes', () => {
  test.each(['notFound', 'Not_Found', '1ST', '_X', '', 'A-B', ...Object.keys(builtInFailures)])(
    '"%s" is refused',
    code => {
      expect(codeOf(() => defineTask({ ...plain, errors: { [code]: z.object({}) } }))).toBe('BAD_ERROR_CODE');
    },
  );
  test.each(['A', 'NOT_FOUND', 'HTTP_404', 'E2'])('"%s" is accepted', code => {
    expect(codeOf(() => defineTask({ ...plain, errors: { [code]: z.object({}) } }))).toBeUndefined();
  });
});

test('an attempt has an hour where the definition says nothing, and any time where it says 0', () => {
  expect(defineTask(plain).policy.timeoutMs).toBe(3_600_000);
  expect(defineTask({ ...plain, timeoutMs: 0 }).policy.timeoutMs).toBe(0);
});

describe('the policy', () => {
  // A timer of Node that is longer than 2^31 - 1 ms fires at once.
  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])('refuses %s ms', value => {
    // The one fraction of the policy.
    const { ownerShare: _, ...others } = defaultPolicy;
    for (const name of Object.keys(others)) {
      expect(codeOf(() => defineTask({ ...plain, [name]: value }))).toBe('BAD_POLICY');
    }
  });

  test.each([-0.1, 0, 1.1, Number.NaN])('refuses %s as the share of an owner', ownerShare => {
    expect(codeOf(() => defineTask({ ...plain, ownerShare }))).toBe('BAD_POLICY');
  });

  test.each([0, 1, 2 ** 31 - 1])('takes %s ms', value => {
    expect(defineTask({ ...plain, timeoutMs: value }).policy.timeoutMs).toBe(value);
  });

  test('refuses an option that it does not know, and names those that it knows', () => {
    const define = () => defineTask({ ...plain, ...{ timeOutMs: 5 } });
    expect(codeOf(define)).toBe('BAD_POLICY');
    expect(define).toThrow(/timeoutMs.*timeOutMs/s);
  });
});
