import type { TaskDefinition } from '@longhaul/proto';
import type { z } from 'zod';
import { startChildren } from './children/childTasks.ts';
import { type RunChild, standIns } from './children/standIns.ts';
import { type ExecOptions, runChild } from './exec.ts';
import { TaskError, TaskFault } from './handlerErrors.ts';
import type { Handler, LogLevel, TaskContext } from './taskContext.ts';

/** What {@link runHandler} may be told. */
export type RunHandlerOptions<T extends TaskDefinition> = {
  /** Aborting it is what a cancel is to the handler. */
  readonly signal?: AbortSignal;
  /** Called with each progress as the handler reports it, not throttled. */
  readonly onProgress?: (progress: z.output<T['progress']>) => void;
  readonly onLog?: (level: LogLevel, message: string, fields: Record<string, unknown> | undefined) => void;
  readonly attempt?: number;
  /**
   * Stands for the tasks that the handler starts: returns the output of each, or throws. Default: a handler that starts
   * one fails.
   */
  readonly child?: RunChild;
  /** Called at each checkpoint; the handler waits for it. */
  readonly onCheckpoint?: () => Promise<void> | void;
};

/**
 * Runs a handler once without gateway, executor or NATS, for a handler's own tests: input, progress and output are
 * checked by the definition's schemas as an executor does it. Rejects with what the handler throws.
 */
export async function runHandler<T extends TaskDefinition>(
  definition: T,
  handler: Handler<T>,
  input: z.input<T['input']>,
  options: RunHandlerOptions<T> = {},
): Promise<z.output<T['output']>> {
  const signal = options.signal ?? new AbortController().signal;
  const log = (level: LogLevel) => (message: string, fields?: Record<string, unknown>) =>
    options.onLog?.(level, message, fields);
  const context: TaskContext<T> = {
    input: (await definition.input.parseAsync(input)) as TaskContext<T>['input'],
    task: {
      id: '01890000-0000-7000-8000-000000000000',
      name: 'handler.test',
      owner: 'tester',
      createdAt: '2026-01-01T00:00:00.000Z',
    },
    attempt: options.attempt ?? 1,
    signal,
    progress: progress => {
      const parsed = definition.progress.safeParse(progress);
      if (!parsed.success) throw new TaskFault('INVALID_PROGRESS', parsed.error.message);
      options.onProgress?.(parsed.data as z.output<T['progress']>);
    },
    tasks: startChildren(standIns(options.child)),
    checkpoint: async () => {
      signal.throwIfAborted();
      await options.onCheckpoint?.();
      signal.throwIfAborted();
    },
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    exec: (command: string, args: readonly string[] = [], childOptions: ExecOptions = {}) =>
      runChild(command, args, signal, childOptions),
    error: (code, message, ...data) => new TaskError(code, message, data[0] as never),
  };
  return (await definition.output.parseAsync(await handler(context))) as z.output<T['output']>;
}
