import type { TaskDefinition } from '@longhaul/proto';
import type { Handler, TaskContext } from '../handler/taskContext.ts';

/** A handler with its definition: the export of a module that `sandboxed` names. */
export type DefinedHandler<T extends TaskDefinition> = Handler<T> & {
  /** The definition of the task that it is for. */
  readonly definition: T;
};

/**
 * Binds a handler to its definition, so that it can run in a thread of its own, which checks input, progress and output
 * by it. The result is still a handler, which `runHandler` can run in a test.
 *
 * Import it from `@longhaul/executor/sandbox`: then a thread loads neither NATS nor the rest of an executor.
 *
 * @param definition the task that the handler is for
 * @param handler the handler
 *
 * @example
 * ```ts
 * // resize.ts
 * import { defineHandler } from '@longhaul/executor/sandbox';
 * import { resize } from './contract.ts';
 *
 * export default defineHandler(resize, async ({ input, progress }) => {
 *   progress({ percent: 0 });
 *   return { path: await resizeImage(input.path, input.width) };
 * });
 * ```
 */
export function defineHandler<T extends TaskDefinition>(
  definition: T,
  handler: Handler<NoInfer<T>>,
): DefinedHandler<T> {
  return Object.assign((context: TaskContext<T>) => handler(context), { definition });
}
