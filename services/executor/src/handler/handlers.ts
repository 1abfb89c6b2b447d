import type { Contract, TaskDefinition } from '@longhaul/proto';
import { isTaskDefinition, listTasks } from '@longhaul/proto/wire';
import { type Sandboxed, SandboxSpec } from '../sandbox/sandboxed.ts';
import type { Handler, TaskContext } from './taskContext.ts';

/**
 * A handler for each task of a contract, in the same tree: a function, or `sandboxed(…)`. One that is missing is a
 * type error.
 */
export type HandlersOf<C> = OneHandlerPerTask<'contract', C>;

/**
 * The handlers of a branch of a contract. Its name and its first argument are what the compiler prints where a handler
 * is missing; `Prefix` is the path to the branch.
 */
type OneHandlerPerTask<_Branch extends string, C, Prefix extends string = ''> = {
  readonly [K in keyof C]: C[K] extends TaskDefinition
    ? HandlerFor<`${Prefix}${K & string}`, C[K]>
    : OneHandlerPerTask<`${Prefix}${K & string}.*`, C[K], `${Prefix}${K & string}.`>;
};

/** What can handle one task; the compiler prints the task type, which comes first. */
type HandlerFor<Type extends string, T extends TaskDefinition> = T extends SandboxedTask
  ? SandboxedHandlerOf<Type, T>
  : HandlerOf<Type, T>;

type HandlerOf<_Type extends string, T extends TaskDefinition> = Handler<T> | Sandboxed<T>;

/** No handler returns such a text: it is what the compiler prints for a plain function, as the type that it should return. */
type SandboxedHandlerOf<Type extends string, T extends TaskDefinition> =
  | Sandboxed<T>
  | ((
      context: TaskContext<T>,
    ) => `Task '${Type}' has sandbox: true, so it needs a handler in a file of its own: write sandboxed(new URL('./file.ts', import.meta.url))`);

type SandboxedTask = { readonly policy: { readonly sandbox: true } };

/** Handlers that are all functions, for code that calls or wraps them. */
export type PlainHandlersOf<C> = {
  readonly [K in keyof C]: C[K] extends TaskDefinition ? Handler<C[K]> : PlainHandlersOf<C[K]>;
};

/** A task definition and its handler: a function, or the module of a sandboxed handler. */
export type MatchedTask = {
  readonly definition: TaskDefinition;
  readonly handler: Handler<TaskDefinition> | SandboxSpec;
};

/** Handlers and contract do not match. Thrown when an executor starts; the message names the tasks. */
export class HandlersError extends Error {
  override readonly name = 'HandlersError';
  readonly code = 'HANDLERS_MISMATCH';
}

/**
 * Matches each definition of a contract with its handler.
 * @throws HandlersError that names every task without a handler, every handler without a task, and every task that
 *   demands a sandbox and has a plain function
 */
export function matchHandlers(contract: Contract, handlers: unknown): ReadonlyMap<string, MatchedTask> {
  const found = new Map(listHandlers(handlers, []));
  const tasks = listTasks(contract);
  const missing = [...tasks.keys()].filter(name => !found.has(name));
  const unknown = [...found.keys()].filter(name => !tasks.has(name));
  const exposed = [...tasks].filter(
    ([name, { policy }]) => policy.sandbox && typeof found.get(name) === 'function',
  );
  if (missing.length > 0 || unknown.length > 0 || exposed.length > 0) {
    const parts = [
      missing.length > 0
        ? `no handler for ${missing.join(', ')} (write one, or give the executor a contract without it)`
        : '',
      unknown.length > 0
        ? `no task in the contract for the handler ${unknown.join(', ')} (define it, or remove the handler)`
        : '',
      exposed.length > 0
        ? `a plain function for ${exposed.map(([name]) => name).join(', ')}, which must run in a thread (the definition says sandbox: true; write sandboxed(new URL('./file.ts', import.meta.url)))`
        : '',
    ];
    throw new HandlersError(`Contract and handlers do not match: ${parts.filter(Boolean).join('; ')}.`);
  }
  return new Map(
    [...tasks].map(([name, definition]) => [
      name,
      { definition, handler: found.get(name) as MatchedTask['handler'] },
    ]),
  );
}

function listHandlers(node: unknown, path: readonly string[]): [string, unknown][] {
  if (typeof node === 'function' || node instanceof SandboxSpec) return [[path.join('.'), node]];
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, child]) => listHandlers(child, [...path, key]));
}

/**
 * Selects a part of a contract and of its handlers, so that an executor runs only these tasks.
 *
 * @param names task types or branches: `['audio', 'motion.alignFlat']`
 * @throws HandlersError when a name is not in the contract
 */
export function selectTasks(
  contract: Contract,
  handlers: unknown,
  names: readonly string[],
): { contract: Contract; handlers: unknown } {
  const chosen: Record<string, unknown> = {};
  const chosenHandlers: Record<string, unknown> = {};
  for (const name of names) {
    const path = name.split('.');
    const node = path.reduce<Contract | TaskDefinition | undefined>(
      (at, key) => (at && !isTaskDefinition(at) && Object.hasOwn(at, key) ? at[key] : undefined),
      contract,
    );
    if (!node)
      throw new HandlersError(
        `"${name}" is no task or branch of the contract: its tasks are ${[...listTasks(contract).keys()].join(', ')}.`,
      );
    put(chosen, path, node);
    put(
      chosenHandlers,
      path,
      path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], handlers),
    );
  }
  return { contract: chosen as Contract, handlers: chosenHandlers };
}

function put(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  // A copy, since it may be the caller's own object.
  const branch = { ...(tree[key] as Record<string, unknown> | undefined) };
  tree[key] = branch;
  put(branch, rest, value);
}
