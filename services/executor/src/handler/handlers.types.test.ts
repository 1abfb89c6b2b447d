import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';
import type { TaskError } from './handlerErrors.ts';
import type { HandlersOf } from './handlers.ts';
import type { Handler } from './taskContext.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const count = defineTask({
  input: z.object({ to: z.string().transform(Number), step: z.int().default(1) }),
  progress: z.object({ percent: z.number(), note: z.string().default('') }),
  output: z.object({ sum: z.number() }),
  errors: { TOO_FAR: z.object({ limit: z.number() }), NO_WAY: z.object({ why: z.string().optional() }) },
});
const plain = defineTask({ input: z.string(), output: z.string() });
const contract = defineContract({ numbers: { count }, plain });

export const right: Handler<typeof count> = async ctx => {
  true satisfies Equal<typeof ctx.input, { to: number; step: number }>;
  true satisfies Equal<typeof ctx.task.id, string>;
  // What has a default may be left out.
  ctx.progress({ percent: 1 });
  ctx.log.info('text', { any: 'field' });
  const error = ctx.error('TOO_FAR', 'no', { limit: 1 });
  error satisfies TaskError<'TOO_FAR', { limit: number }>;
  // Data that may be empty may be left out.
  if (ctx.input.to > 9) throw ctx.error('NO_WAY', 'no');
  return { sum: ctx.input.to };
};
export const synchronous: Handler<typeof plain> = ctx => ctx.input.toUpperCase();

export const wrong: Handler<typeof count> = ctx => {
  // @ts-expect-error the input has no such field
  ctx.input.from;
  // @ts-expect-error the handler sees the parsed input: a number
  ctx.input.to.length;
  // @ts-expect-error the progress has no such field
  ctx.progress({ percent: 1, done: 2 });
  // @ts-expect-error a number
  ctx.progress({ percent: '1' });
  // @ts-expect-error the task declares no such error
  ctx.error('TOO_NEAR', 'no', { limit: 1 });
  // @ts-expect-error the data of this error has to be given
  ctx.error('TOO_FAR', 'no');
  // @ts-expect-error the data of this error is a limit
  ctx.error('TOO_FAR', 'no', { max: 1 });
  // @ts-expect-error there is no such level
  ctx.log.trace('text');
  return { sum: 1 };
};
// @ts-expect-error the output has another field
export const wrongOutput: Handler<typeof count> = () => ({ total: 1 });
// @ts-expect-error the output's field is a number
export const wrongOutputField: Handler<typeof count> = async () => ({ sum: '1' });
// @ts-expect-error an output has to be returned
export const noOutput: Handler<typeof count> = () => {};
export const noProgress: Handler<typeof plain> = ctx => {
  // @ts-expect-error the task has no progress
  ctx.progress({ percent: 1 });
  // @ts-expect-error the task declares no errors
  ctx.error('ANY', 'no');
  return '';
};

export const handlers: HandlersOf<typeof contract> = { numbers: { count: right }, plain: synchronous };
// @ts-expect-error the handler of numbers.count is missing
export const missing: HandlersOf<typeof contract> = { numbers: {}, plain: synchronous };
// @ts-expect-error the branch numbers is missing
export const missingBranch: HandlersOf<typeof contract> = { plain: synchronous };
export const unknown: HandlersOf<typeof contract> = {
  numbers: { count: right },
  plain: synchronous,
  // @ts-expect-error the contract has no such task
  pong: synchronous,
};
export const swapped: HandlersOf<typeof contract> = {
  // @ts-expect-error that is the handler of another task
  numbers: { count: synchronous },
  plain: synchronous,
};

// Children are typed by the contract that they are taken from.
export const parent: Handler<typeof plain> = async ({ tasks }) => {
  const { numbers } = tasks(contract);
  const child = await numbers.count.start({ to: '3' }, { key: 'k', priority: 'high', detached: true });
  true satisfies Equal<Awaited<ReturnType<typeof child.result>>, { sum: number }>;
  const outcome = await child.outcome();
  true satisfies Equal<typeof outcome.status, 'COMPLETED' | 'FAILED' | 'CANCELED'>;
  if (outcome.status === 'FAILED' && outcome.error.code === 'TOO_FAR')
    true satisfies Equal<typeof outcome.error.data, { limit: number }>;
  const thrown: unknown = undefined;
  if (child.isFailure(thrown) && thrown.failure.code === 'TOO_FAR')
    true satisfies Equal<typeof thrown.failure.data, { limit: number }>;
  // @ts-expect-error what the caller writes, not what the handler gets
  await numbers.count.start({ to: 3 });
  // @ts-expect-error the contract has no such task
  tasks(contract).numbers.subtract;
  // @ts-expect-error a child has a key, unique within its parent
  await numbers.count.start({ to: '3' }, { idempotencyKey: 'k' });
  // @ts-expect-error a branch cannot be started
  numbers.start;
  return tasks({ plain })
    .plain.start('text')
    .then(other => other.result());
};
