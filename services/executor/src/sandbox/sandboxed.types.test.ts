import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';
import type { HandlersOf } from '../handler/handlers.ts';
import type { Handler } from '../handler/taskContext.ts';
import { defineHandler } from './defineHandler.ts';
import type { contract } from './fixtures/contract.ts';
import { type Sandboxed, sandboxed } from './sandboxed.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Act = typeof import('./fixtures/act.ts');
type Handlers = HandlersOf<typeof contract>;

const url = new URL('./fixtures/act.ts', import.meta.url);
const act = sandboxed<Act>(url);
const other = sandboxed<Act, 'other'>(url, { exportName: 'other', maxMemoryMb: 256 });
true satisfies Equal<typeof act, Sandboxed<typeof contract.sandbox.act>>;
true satisfies Equal<typeof other, Sandboxed<typeof contract.sandbox.other>>;

export const right: Handlers = { sandbox: { act, other } };
export const mixed: Handlers = { sandbox: { act, other: () => ({}) } };
// The other one's handler; the contracts' types differ, so no cast by chance.
// @ts-expect-error that is the handler of another task
export const swapped: Handlers = { sandbox: { act: other, other } };
// @ts-expect-error that is the handler of another task
export const swappedBack: Handlers = { sandbox: { act, other: act } };
// @ts-expect-error without the module's type nothing says that it fits
export const untyped: Handlers = { sandbox: { act: sandboxed(url), other } };

// @ts-expect-error the module exports a plain function by this name, made without defineHandler
sandboxed<Act, 'plain'>(url, { exportName: 'plain' });
// @ts-expect-error the module has no such export
sandboxed<Act, 'missing'>(url, { exportName: 'missing' });
// @ts-expect-error the type is one export's, and the name another's
sandboxed<Act, 'other'>(url, { exportName: 'default' });
// @ts-expect-error an export that is not the default has to be named
sandboxed<Act, 'other'>(url);
// @ts-expect-error a module's address, not its path
sandboxed<Act>('./fixtures/act.ts');
// @ts-expect-error no such option
sandboxed<Act>(url, { maxMemoryMiB: 5 });

const count = defineTask({
  input: z.object({ to: z.string().transform(Number) }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ sum: z.number() }),
  errors: { TOO_FAR: z.object({ limit: z.number() }) },
});
const plain = defineTask({ input: z.object({ to: z.string() }), output: z.object({ sum: z.number() }) });
const counting = defineContract({ count, plain });

const counted = defineHandler(count, ctx => {
  true satisfies Equal<typeof ctx.input, { to: number }>;
  ctx.progress({ percent: 1 });
  if (ctx.input.to > 9) throw ctx.error('TOO_FAR', 'no', { limit: 9 });
  return { sum: ctx.input.to };
});
// It is the handler itself as well.
counted satisfies Handler<typeof count>;
export const unsandboxed: HandlersOf<typeof counting> = { count: counted, plain: () => ({ sum: 1 }) };
// @ts-expect-error the output has another field
defineHandler(count, () => ({ total: 1 }));
// @ts-expect-error the task declares no such error
defineHandler(count, ctx => ctx.error('TOO_NEAR', 'no', {}));

type Counted = { default: typeof counted };
export const alike: HandlersOf<typeof counting> = {
  count: sandboxed<Counted>(url),
  // @ts-expect-error a task that differs in its errors and in what its input becomes
  plain: sandboxed<Counted>(url),
};
