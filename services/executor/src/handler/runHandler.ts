import type { TaskDefinition } from '@longhaul/proto';
import type { EndedTask } from '@longhaul/proto/wire';
import type { z } from 'zod';
import { messageOf } from '../failure/describeThrown.ts';
import { checkProgress } from './checkProgress.ts';
import type { ChildPort, NewChild } from './children/childTypes.ts';
import { createTaskContext } from './createTaskContext.ts';
import { endingOfError, endingOfOutput } from './ending.ts';
import { runCommand } from './exec.ts';
import { TaskError, TaskFault } from './handlerErrors.ts';
import { logLine } from './logLine.ts';
import type { Handler, LogLevel, TaskContext } from './taskContext.ts';

/** Options of {@link runHandler}. */
export type RunHandlerOptions<T extends TaskDefinition> = {
  /** The handler's `ctx.signal`. Abort it to test a cancel. */
  readonly signal?: AbortSignal;
  /** Called with each progress that the handler reports. Unlike in an executor, none is left out. */
  readonly onProgress?: (progress: z.output<T['progress']>) => void;
  /** Called with each line of the handler's log, as it would be published. */
  readonly onLog?: (level: LogLevel, message: string, fields: Record<string, unknown> | undefined) => void;
  /** The handler's `ctx.attempt`. Default: 1. */
  readonly attempt?: number;
  /** The handler's `ctx.fence`. Default: the attempt. */
  readonly fence?: number;
  /**
   * Runs in place of each task that the handler starts: returns its output, or throws its error. Default: a handler
   * that starts a task fails.
   */
  readonly child?: (child: NewChild) => unknown;
  /** Called at each checkpoint. The handler waits for it. */
  readonly onCheckpoint?: () => Promise<void> | void;
};

/**
 * Runs a handler once, without gateway, executor or NATS: for the handler's own tests. Input, progress, output and the
 * data of declared errors are checked as an executor checks them: by the definition's schemas, and for what JSON cannot
 * hold.
 *
 * @param definition the task's definition
 * @param handler the handler, also one made by `defineHandler`
 * @param input the input as a client gives it
 * @returns the output, parsed by its schema
 * @throws what the handler throws; ZodError when the input does not fit; TaskFault `INVALID_OUTPUT`,
 *   `INVALID_PROGRESS` or `INVALID_ERROR_DATA` for what an executor would refuse
 *
 * @example
 * ```ts
 * test('thumbnails report each page', async () => {
 *   const pages: number[] = [];
 *   const onProgress = ({ page }: { page: number }) => pages.push(page);
 *   const output = await runHandler(thumbnails, makeThumbnails, { path: 'a.pdf' }, { onProgress });
 *   expect(output.files).toHaveLength(2);
 *   expect(pages).toEqual([1, 2]);
 * });
 * ```
 */
export async function runHandler<T extends TaskDefinition>(
  definition: T,
  handler: Handler<T>,
  input: z.input<T['input']>,
  options: RunHandlerOptions<T> = {},
): Promise<z.output<T['output']>> {
  const { signal = new AbortController().signal, attempt = 1, fence = attempt } = options;
  const log = (level: LogLevel) => (first: string, second?: Record<string, unknown>) => {
    const { message, fields } = logLine(first, second);
    options.onLog?.(level, message, fields);
  };
  const parsed = (await definition.input.parseAsync(input)) as TaskContext<T>['input'];
  const context = createTaskContext<T>(parsed, {
    task: {
      id: '01890000-0000-7000-8000-000000000000',
      name: 'handler.test',
      owner: 'tester',
      createdAt: '2026-01-01T00:00:00.000Z',
    },
    attempt,
    fence,
    signal,
    progress: progress => {
      const checked = checkProgress(definition, progress) as z.output<T['progress']>;
      options.onProgress?.(checked);
    },
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    children: fakeChildren(options.child),
    checkpoint: async () => {
      signal.throwIfAborted();
      await options.onCheckpoint?.();
      signal.throwIfAborted();
    },
    exec: (command, args = [], execOptions = {}) => runCommand(command, args, signal, execOptions),
  });
  let returned: unknown;
  try {
    returned = await handler(context);
  } catch (error) {
    throw await refusedError(definition, error);
  }
  const ending = await endingOfOutput(definition, returned);
  if (ending.kind !== 'completed') throw faultOf(ending.error, 'INVALID_OUTPUT');
  return ending.output as z.output<T['output']>;
}

/** What the handler threw; where an executor could not publish its data, the fault that the task would end with. */
async function refusedError(definition: TaskDefinition, thrown: unknown): Promise<unknown> {
  const { error } = await endingOfError(definition, thrown);
  return error.code === 'INVALID_ERROR_DATA' ? faultOf(error, 'INVALID_ERROR_DATA', thrown) : thrown;
}

function faultOf(
  { message }: { readonly message: string },
  code: TaskFault['code'],
  cause?: unknown,
): TaskFault {
  return new TaskFault(code, message, ...(cause === undefined ? [] : [{ cause }]));
}

/** Children that a function of the test runs, at once, in place of executors. */
export function fakeChildren(run: ((child: NewChild) => unknown) | undefined): ChildPort {
  const ends = new Map<string, Promise<EndedTask>>();
  const end = async (id: string, child: NewChild): Promise<EndedTask> => {
    const task = { id, name: child.name };
    try {
      return { ...task, status: 'COMPLETED', output: await run?.(child) };
    } catch (error) {
      const code = error instanceof TaskError ? error.code : 'HANDLER_ERROR';
      const data = error instanceof TaskError ? { data: error.data } : {};
      return { ...task, status: 'FAILED', error: { code, message: messageOf(error), ...data } };
    }
  };
  return {
    start: async child => {
      if (!run)
        throw new Error(
          `The handler starts ${child.name}: give runHandler the option \`child\`, a function that runs in its place.`,
        );
      const id = `${child.name}/${child.key}`;
      if (!ends.has(id)) ends.set(id, end(id, child));
      return id;
    },
    ended: async id => {
      const ended = ends.get(id);
      if (!ended) throw new Error(`No child ${id} was started.`);
      return ended;
    },
  };
}
