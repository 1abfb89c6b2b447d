import type { HandlersOf, PlainHandlersOf } from '@longhaul/executor';
import { type Contract, defineContract, defineTask, type TaskDefinition } from '@longhaul/proto';
import { z } from 'zod';

/** The shape of the contracts here: one task type, whose name may change. */
type OneTask = { readonly job: { readonly [name: string]: TaskDefinition } };

/** One version of a contract, with values that fit it. */
export type Version = {
  readonly contract: OneTask;
  /** The last part of the task type: `job.<name>`. */
  readonly name: string;
  /** What callers of this version send: `text` says what the handler is to do. */
  readonly input: (text: string) => unknown;
  readonly progress: unknown;
  readonly output: unknown;
  /** Of the declared error REFUSED. */
  readonly data: unknown;
};

type Schemas = {
  readonly input: z.ZodType;
  readonly progress: z.ZodType;
  readonly output: z.ZodType;
  readonly data: z.ZodType;
};
const baseSchemas: Schemas = {
  input: z.object({ text: z.string() }),
  progress: z.object({ percent: z.number(), phase: z.enum(['first', 'second']) }),
  output: z.object({ sum: z.number(), level: z.enum(['low', 'high']) }),
  data: z.object({ by: z.string() }),
};
const baseValues = {
  input: (text: string): unknown => ({ text }),
  progress: { percent: 10, phase: 'first' } as unknown,
  output: { sum: 6, level: 'low' } as unknown,
  data: { by: 'the handler' } as unknown,
};

/** Makes a version that differs from the first one in what is given. */
export function version({
  name = 'count',
  schemas = {},
  values = {},
  policy = {},
}: {
  readonly name?: string;
  readonly schemas?: Partial<Schemas>;
  readonly values?: Partial<typeof baseValues>;
  readonly policy?: Partial<
    Pick<Parameters<typeof defineTask>[0], 'maxAttempts' | 'timeoutMs' | 'concurrency'>
  >;
} = {}): Version {
  const { input, progress, output, data } = { ...baseSchemas, ...schemas };
  const definition = defineTask({
    input,
    progress,
    output,
    errors: { REFUSED: data },
    progressIntervalMs: 0,
    ...policy,
  });
  return { contract: defineContract({ job: { [name]: definition } }), name, ...baseValues, ...values };
}

/** Handlers of a version: `fail` fails with the declared error, `hold` waits to be let go, anything else completes. */
export function handlersOf(
  { name, progress, output, data }: Version,
  held: Promise<void>,
): HandlersOf<Contract> {
  const handlers: PlainHandlersOf<OneTask> = {
    job: {
      [name]: async ({ input, progress: report, error, signal }) => {
        report(progress);
        // Each version writes the text under a name of its own.
        const text = Object.values(input as object)[0] as unknown;
        if (text === 'fail') throw error('REFUSED', 'No.', data as never);
        if (text === 'hold') {
          const stopped = new Promise<void>((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
          );
          await Promise.race([held, stopped]);
        }
        return output;
      },
    },
  };
  return handlers as unknown as HandlersOf<Contract>;
}

/** A change of the contract, and what is to come of it. */
export type Change = {
  readonly title: string;
  readonly to: Version;
  /** What of an old record the new contract refuses: of one that completed, failed, runs, and waits. */
  readonly unfit: {
    readonly ended: readonly string[];
    readonly failed: readonly string[];
    readonly running: readonly string[];
    readonly waiting: readonly string[];
  };
  /** How an old input ends with the new executor. `waits`: that one does not serve the task type. */
  readonly oldInput: 'COMPLETED' | 'INVALID_INPUT' | 'waits';
  /** How an input of each version's gateway ends with the other version's executor. */
  readonly newGatewayOldExecutor: 'COMPLETED' | 'unfit' | 'INVALID_INPUT' | 'waits';
  readonly oldGatewayNewExecutor: 'COMPLETED' | 'unfit' | 'INVALID_INPUT' | 'waits';
};

const nothing = { ended: [], failed: [], running: [], waiting: [] } as const;
const everything = {
  ended: ['input', 'progress', 'output'],
  failed: ['input', 'progress', 'error'],
  running: ['input', 'progress'],
  waiting: ['input'],
} as const;

export const first = version();
export const changes: readonly Change[] = [
  {
    title: 'a required field added',
    to: version({
      schemas: {
        input: z.object({ text: z.string(), lang: z.string() }),
        progress: z.object({ percent: z.number(), phase: z.string(), leftMs: z.number() }),
        output: z.object({ sum: z.number(), level: z.string(), unit: z.string() }),
        data: z.object({ by: z.string(), why: z.string() }),
      },
      values: {
        input: text => ({ text, lang: 'en' }),
        progress: { percent: 10, phase: 'first', leftMs: 5 },
        output: { sum: 6, level: 'low', unit: 'm' },
        data: { by: 'the handler', why: 'so' },
      },
    }),
    unfit: everything,
    oldInput: 'INVALID_INPUT',
    newGatewayOldExecutor: 'unfit',
    oldGatewayNewExecutor: 'INVALID_INPUT',
  },
  {
    title: 'an optional field added, and one with a default',
    to: version({
      schemas: {
        input: z.object({ text: z.string(), lang: z.string().default('en') }),
        progress: z.object({ percent: z.number(), phase: z.string(), leftMs: z.number().optional() }),
        output: z.object({ sum: z.number(), level: z.string(), unit: z.string().default('m') }),
        data: z.object({ by: z.string(), why: z.string().optional() }),
      },
      values: { output: { sum: 6, level: 'low', unit: 'm' } },
    }),
    unfit: nothing,
    oldInput: 'COMPLETED',
    newGatewayOldExecutor: 'COMPLETED',
    oldGatewayNewExecutor: 'COMPLETED',
  },
  {
    title: 'a field removed',
    to: version({
      schemas: {
        progress: z.object({ percent: z.number() }),
        output: z.object({ sum: z.number() }),
        data: z.object({}),
      },
      values: { progress: { percent: 10 }, output: { sum: 6 }, data: {} },
    }),
    unfit: nothing,
    oldInput: 'COMPLETED',
    newGatewayOldExecutor: 'COMPLETED',
    oldGatewayNewExecutor: 'unfit',
  },
  {
    title: 'a field renamed',
    to: version({
      schemas: {
        input: z.object({ words: z.string() }),
        progress: z.object({ done: z.number() }),
        output: z.object({ total: z.number() }),
        data: z.object({ who: z.string() }),
      },
      values: {
        input: words => ({ words }),
        progress: { done: 10 },
        output: { total: 6 },
        data: { who: 'the handler' },
      },
    }),
    unfit: everything,
    oldInput: 'INVALID_INPUT',
    newGatewayOldExecutor: 'INVALID_INPUT',
    oldGatewayNewExecutor: 'INVALID_INPUT',
  },
  {
    title: 'an enum narrowed',
    to: version({
      schemas: {
        progress: z.object({ percent: z.number(), phase: z.enum(['second']) }),
        output: z.object({ sum: z.number(), level: z.enum(['high']) }),
      },
      values: { progress: { percent: 10, phase: 'second' }, output: { sum: 6, level: 'high' } },
    }),
    unfit: { ended: ['progress', 'output'], failed: ['progress'], running: ['progress'], waiting: [] },
    oldInput: 'COMPLETED',
    newGatewayOldExecutor: 'unfit',
    oldGatewayNewExecutor: 'COMPLETED',
  },
  {
    title: 'the task type removed, or renamed',
    to: version({ name: 'total' }),
    // Its contract says nothing of them any more.
    unfit: nothing,
    oldInput: 'waits',
    newGatewayOldExecutor: 'waits',
    oldGatewayNewExecutor: 'waits',
  },
  {
    title: 'the policy changed',
    to: version({ policy: { maxAttempts: 5, timeoutMs: 30_000, concurrency: { limit: 1 } } }),
    unfit: nothing,
    oldInput: 'COMPLETED',
    newGatewayOldExecutor: 'COMPLETED',
    oldGatewayNewExecutor: 'COMPLETED',
  },
];
