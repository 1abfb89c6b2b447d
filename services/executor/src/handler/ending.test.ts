import { encode } from '@longhaul/broker';
import { defineTask } from '@longhaul/proto';
import { inlineLimitBytes } from '@longhaul/proto/wire';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AttemptAborted } from './abort.ts';
import { type Ending, endingOfAbort, endingOfError, endingOfOutput } from './ending.ts';
import { TaskError, TaskFault } from './handlerErrors.ts';

const definition = defineTask({
  input: z.string(),
  output: z.object({ text: z.string() }),
  errors: { BAD: z.object({ n: z.int() }), EMPTY: z.object({}), LOOSE: z.unknown() },
});
const loose = defineTask({ input: z.string(), output: z.unknown() });
const careless = defineTask({
  input: z.string(),
  output: z.string().refine(text => {
    if (text === 'bug') throw new TypeError('a bug in the schema');
    return true;
  }),
});

const circular: { self?: unknown } = {};
circular.self = circular;

function codeOf(ending: Ending): string {
  return ending.kind === 'failed' ? ending.error.code : ending.kind;
}
/** Whatever an attempt ends with has to fit one message, or its task never ends. */
function expectFits(ending: Ending): void {
  expect(encode(ending).length).toBeLessThan(inlineLimitBytes + 1_024);
}

describe('an output', () => {
  test('that fits completes the task, as the schema reads it', async () => {
    expect(await endingOfOutput(definition, { text: 'a', more: 1 })).toEqual({
      kind: 'completed',
      output: { text: 'a' },
    });
  });

  test('may be nothing where the schema says so', async () => {
    const optional = defineTask({ input: z.string(), output: z.string().optional() });
    expect(await endingOfOutput(optional, undefined)).toEqual({ kind: 'completed', output: undefined });
  });

  test('may be as large as a message, and is marked when it is larger', async () => {
    const frame = '{"text":""}'.length;
    const text = 'x'.repeat(inlineLimitBytes - frame);
    expect(await endingOfOutput(definition, { text })).not.toHaveProperty('large');
    expect(await endingOfOutput(definition, { text: `${text}x` })).toMatchObject({ large: true });
    // It is bytes that count.
    const accented = { text: 'é'.repeat(inlineLimitBytes / 2) };
    expect(await endingOfOutput(definition, accented)).toMatchObject({ large: true });
  });

  test.each<[string, typeof loose, unknown]>([
    ['does not fit the schema', definition as unknown as typeof loose, { text: 1 }],
    ['is a bigint', loose, { n: 1n }],
    ['is circular', loose, circular],
    ['makes the schema throw', careless as unknown as typeof loose, 'bug'],
  ])('that %s fails the task', async (_what, task, output) => {
    expect(codeOf(await endingOfOutput(task, output))).toBe('INVALID_OUTPUT');
  });

  test('with very many faults still fails in one message', async () => {
    const rows = defineTask({ input: z.string(), output: z.array(z.object({ a: z.string() })) });
    const ending = await endingOfOutput(
      rows,
      Array.from({ length: 20_000 }, () => ({ a: 1 })),
    );
    expect(codeOf(ending)).toBe('INVALID_OUTPUT');
    expectFits(ending);
  });
});

describe('an error', () => {
  test('that is declared keeps code, message and data', async () => {
    expect(await endingOfError(definition, new TaskError('BAD', 'no', { n: 3, more: 1 }))).toEqual({
      kind: 'failed',
      error: {
        code: 'BAD',
        name: 'TaskError',
        message: 'no',
        stack: expect.stringContaining('ending.test.ts'),
        data: { n: 3 },
      },
    });
  });

  test('may leave out data that may be empty', async () => {
    expect(await endingOfError(definition, new TaskError('EMPTY', 'no', undefined))).toMatchObject({
      error: { code: 'EMPTY', data: {} },
    });
  });

  test.each<[string, unknown, string]>([
    ['of Longhaul keeps its code', new TaskFault('INVALID_PROGRESS', 'no'), 'INVALID_PROGRESS'],
    ['that is undeclared is the handler’s', new TaskError('OTHER', 'no', {}), 'HANDLER_ERROR'],
    [
      'called like a property of every object is the handler’s',
      new TaskError('constructor', 'no', {}),
      'HANDLER_ERROR',
    ],
    ['with data that does not fit', new TaskError('BAD', 'no', { n: 'x' }), 'INVALID_ERROR_DATA'],
    ['with data that is not JSON', new TaskError('LOOSE', 'no', circular), 'INVALID_ERROR_DATA'],
    [
      'with data that is too large',
      new TaskError('LOOSE', 'no', 'x'.repeat(inlineLimitBytes)),
      'INVALID_ERROR_DATA',
    ],
    ['of any other kind', new TypeError('no'), 'HANDLER_ERROR'],
    ['that is a string', 'no', 'HANDLER_ERROR'],
    ['that is nothing', undefined, 'HANDLER_ERROR'],
    ['that is an object without a prototype', Object.create(null), 'HANDLER_ERROR'],
  ])('%s', async (_what, error, code) => {
    const ending = await endingOfError(definition, error);
    expect(codeOf(ending)).toBe(code);
    expectFits(ending);
  });

  test.each<[string, unknown]>([
    ['any', new Error('x'.repeat(5_000_000))],
    ['declared', new TaskError('BAD', 'x'.repeat(5_000_000), { n: 1 })],
    ['of Longhaul', new TaskFault('INVALID_PROGRESS', 'x'.repeat(5_000_000))],
  ])('with an endless message is cut: %s', async (_what, error) => {
    expectFits(await endingOfError(definition, error));
  });
});

describe('an abort', () => {
  const aborted = (code: AttemptAborted['code']) => new AttemptAborted(code, 'why.');
  test.each<[AttemptAborted['code'], boolean, Ending]>([
    ['CANCELED', false, { kind: 'canceled', handlerStillRunning: false }],
    ['CANCELED', true, { kind: 'canceled', handlerStillRunning: true }],
    ['TIMEOUT', false, { kind: 'failed', error: { code: 'TIMEOUT', message: 'why.' } }],
    ['SUPERSEDED', true, { kind: 'superseded' }],
    ['RELEASED', false, { kind: 'released' }],
    ['CUT_OFF', false, { kind: 'released' }],
  ])('%s, handler still running: %s', (code, stillRunning, ending) => {
    expect(endingOfAbort(aborted(code), stillRunning)).toEqual(ending);
  });

  test('a timeout says when the handler ignores it', () => {
    expect(endingOfAbort(aborted('TIMEOUT'), true)).toMatchObject({
      error: { code: 'TIMEOUT', message: expect.stringContaining('still running') },
    });
  });
});
