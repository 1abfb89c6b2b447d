import {
  type Contract,
  TaskCanceledError,
  type TaskDefinition,
  TaskFailedError,
  type TaskFailedErrorOf,
  TaskOutputUnfitError,
} from '@longhaul/proto';
import {
  type ChildTaskOptions,
  childOptionsSchema,
  faultsError,
  isTaskDefinition,
  typedOutcome,
  validateInput,
} from '@longhaul/proto/wire';
import type { ChildPort, ChildStarter, ChildTask, ChildTasks, StartChildren } from './childTypes.ts';
import { asStartError } from './childTypes.ts';

/**
 * Makes `ctx.tasks`, with which a handler starts its children. A task's type is its path in the contract, as for a client,
 * so that one definition can be in several places and contracts.
 *
 * Invariant 9, types-are-true: inputs are checked here before they leave, and outputs and errors when they arrive, by
 * the definitions that the handler's types come from.
 */
export function startChildren(port: ChildPort): StartChildren {
  const counts = new Map<string, number>();
  /** Counted before the first `await`, so that the order of the calls decides. */
  const nextOf = (name: string) => {
    const next = (counts.get(name) ?? 0) + 1;
    counts.set(name, next);
    return next;
  };

  const starter = <T extends TaskDefinition>(name: string, definition: T): ChildStarter<T> => ({
    start: async (input, options = {}) => {
      const key = options.key ?? nextOf(name);
      try {
        const { key: _key, ...rest } = parseOptions(name, options);
        await validateInput(name, definition, input);
        const id = await port.start({ name, key, input, options: rest });
        return childTask(port, definition, name, id);
      } catch (error) {
        throw asStartError(error);
      }
    },
  });
  const tree = (branch: Contract, path: readonly string[]): object =>
    Object.fromEntries(
      Object.entries(branch).map(([key, node]) => {
        const here = [...path, key];
        return [key, isTaskDefinition(node) ? starter(here.join('.'), node) : tree(node, here)];
      }),
    );
  // A loop over the tree cannot carry its type; `handlers.types.test.ts` holds both sides together.
  return <const C extends Contract>(contract: C) => tree(contract, []) as ChildTasks<C>;
}

function parseOptions(name: string, options: ChildTaskOptions): ChildTaskOptions {
  const parsed = childOptionsSchema.strict().safeParse(options);
  if (parsed.success) return parsed.data;
  throw faultsError('INVALID_REQUEST', `The options of the start of ${name} are not right:`, parsed.error);
}

function childTask<T extends TaskDefinition>(
  port: ChildPort,
  definition: T,
  name: string,
  id: string,
): ChildTask<T> {
  const outcome = async () => {
    const ended = await typedOutcome(definition, await port.ended(id, name));
    if (!ended.done) throw new Error(`Task ${id} was reported as ended, but is ${ended.status}.`);
    return ended;
  };
  return {
    id,
    outcome,
    result: async () => {
      const ended = await outcome();
      switch (ended.status) {
        case 'COMPLETED':
          if (ended.unfit) throw new TaskOutputUnfitError(id, name);
          return ended.output;
        case 'FAILED':
          throw new TaskFailedError(id, ended.error);
        case 'CANCELED':
          throw new TaskCanceledError(id, ended.reason);
      }
    },
    isFailure: (error): error is TaskFailedErrorOf<T> =>
      error instanceof TaskFailedError && error.taskId === id,
  };
}
