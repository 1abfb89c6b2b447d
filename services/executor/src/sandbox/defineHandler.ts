import type { TaskDefinition } from '@longhaul/proto';
import type { Handler, TaskContext } from '../handler/taskContext.ts';

/** A handler that knows which task it is for: what a module exports that `sandboxed` names. */
export type DefinedHandler<T extends TaskDefinition> = Handler<T> & { readonly definition: T };

/**
 * Ties a handler to its definition, so that it can run in a thread of its own, which parses input and progress by it.
 * The result is still the handler: a test calls it, or `runHandler` does.
 *
 * Import this from `@longhaul/executor/sandbox`: a thread then loads neither NATS nor anything else of an executor.
 */
export function defineHandler<T extends TaskDefinition>(
  definition: T,
  handler: Handler<NoInfer<T>>,
): DefinedHandler<T> {
  return Object.assign((context: TaskContext<T>) => handler(context), { definition });
}
