import type { TaskDefinition } from '@longhaul/proto';
import { startChildren } from './children/childTasks.ts';
import type { ChildPort } from './children/childTypes.ts';
import { TaskError } from './handlerErrors.ts';
import type { TaskContext } from './taskContext.ts';

/** What a context is made of. Each place that calls handlers has its own: executor, handler thread, `runHandler`. */
export type ContextPorts = Pick<
  TaskContext,
  'task' | 'attempt' | 'fence' | 'signal' | 'progress' | 'log' | 'checkpoint' | 'exec'
> & { readonly children: ChildPort };

/**
 * Makes the context that a handler is called with, so that a handler meets the same one wherever it runs.
 *
 * @param input the input, parsed by the definition's schema
 */
export function createTaskContext<T extends TaskDefinition>(
  input: TaskContext<T>['input'],
  { children, ...ports }: ContextPorts,
): TaskContext<T> {
  return {
    ...ports,
    input,
    tasks: startChildren(children),
    error: (code, message, ...data) => new TaskError(code, message, data[0] as never),
  };
}
