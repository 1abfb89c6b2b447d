import type { ErrorsOf, ParsedInputOf, TaskDefinition } from '@longhaul/proto';
import type { ErrorSchemas } from '@longhaul/proto/wire';
import type { z } from 'zod';
import type { StartChildren } from './children/childTypes.ts';
import type { ExecOptions, ExecResult } from './execTypes.ts';
import type { TaskError } from './handlerErrors.ts';

/** The levels of a task's log lines. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Writes to the task's own log: each line becomes a `log` event that watchers see. Never throws: a field that JSON cannot
 * hold is described in words. At most 200 lines a second are published; the number of dropped lines is logged.
 */
export type TaskLog = {
  readonly [L in LogLevel]: (message: string, fields?: Record<string, unknown>) => void;
};

/** Where the data has no required members, the argument can be left out. */
type ErrorData<E extends ErrorSchemas, C extends keyof E> =
  // biome-ignore lint/complexity/noBannedTypes: "does the empty object fit?" is exactly the question here
  {} extends z.input<E[C]> ? [data?: z.input<E[C]>] : [data: z.input<E[C]>];

/**
 * What a handler is called with.
 *
 * @example
 * ```ts
 * const buildReport: Handler<typeof report.build> = async ctx => {
 *   for (const [index, page] of ctx.input.pages.entries()) {
 *     ctx.signal.throwIfAborted();
 *     await renderPage(page, { signal: ctx.signal });
 *     ctx.progress({ percent: (100 * (index + 1)) / ctx.input.pages.length });
 *   }
 *   ctx.log.info('The report is built.', { pages: ctx.input.pages.length });
 *   return { path: `/reports/${ctx.task.id}.pdf` };
 * };
 * ```
 */
export type TaskContext<T extends TaskDefinition = TaskDefinition> = {
  /** The input, parsed by the definition's schema (with defaults and transforms). */
  readonly input: ParsedInputOf<T>;
  /**
   * The task: its id, the same in every attempt (use it to make effects idempotent), its type (`name`), its owner, and when
   * it was accepted, as ISO 8601.
   */
  readonly task: {
    readonly id: string;
    readonly name: string;
    readonly owner: string;
    readonly createdAt: string;
  };
  /** The number of this attempt, from 1. */
  readonly attempt: number;
  /**
   * A fencing token: a whole number, larger than that of every earlier run of this task's handler, on whatever executor. A
   * store that refuses a write with a smaller number than it has seen for the task is safe from a handler that was cut off
   * and runs on beside its successor. Compare it, and read nothing else from it.
   */
  readonly fence: number;
  /**
   * Aborted when the handler must end: its reason is an {@link AttemptAborted} with a code. Pass it to everything that can
   * wait: `fetch(url, { signal: ctx.signal })`.
   */
  readonly signal: AbortSignal;
  /**
   * Reports progress: `ctx.progress({ percent: 40 })`. Within `progressIntervalMs` milliseconds the latest one wins, and the
   * last one is always published.
   * @throws TaskFault `INVALID_PROGRESS` when it does not fit the progress schema, is no JSON, or is larger than 256 KiB
   */
  readonly progress: (progress: z.input<T['progress']>) => void;
  /** Writes to the task's log: `ctx.log.warn('The scan is dark.', { page: 3 })`. */
  readonly log: TaskLog;
  /**
   * Starts tasks of a contract as children of this one. They have the same owner, and are canceled when this task ends,
   * unless they are `detached`.
   *
   * @example
   * ```ts
   * const child = await ctx.tasks(contract).audio.transcribe.start({ path });
   * const { text } = await child.result();
   * ```
   */
  readonly tasks: StartChildren;
  /**
   * A point at which the handler can be paused: `await ctx.checkpoint()`. Resolves at once, or, where a pause is requested,
   * when the task is resumed. It waits only in tasks that are defined with `pausable: true`.
   * @throws the signal's reason when the task must end, also while it is paused
   */
  readonly checkpoint: () => Promise<void>;
  /**
   * Runs a command that ends with the task: on abort its whole process group gets SIGTERM, and SIGKILL `killAfterMs`
   * later. Resolves with the exit code, also where that is not 0.
   *
   * @param command the name of a program on the executor's PATH, or a path. No shell is involved
   * @param args its arguments
   * @throws ExecError `COMMAND_NOT_FOUND`, `COMMAND_FAILED_TO_START`; the signal's reason when aborted
   *
   * @example
   * ```ts
   * const { exitCode, stderr } = await ctx.exec('ffmpeg', ['-i', path, 'out.mp3'], {
   *   onLine: line => ctx.log.debug(line),
   * });
   * if (exitCode !== 0) throw new Error(`ffmpeg failed: ${stderr}`);
   * ```
   */
  readonly exec: (command: string, args?: readonly string[], options?: ExecOptions) => Promise<ExecResult>;
  /**
   * Makes a declared error, to be thrown: the task fails with its code, message and data, which callers get typed.
   *
   * @example
   * ```ts
   * throw ctx.error('NOT_FOUND', 'There is no file at a.txt.', { path: 'a.txt' });
   * ```
   */
  readonly error: <C extends keyof T['errors'] & string>(
    code: C,
    message: string,
    ...data: ErrorData<T['errors'], C>
  ) => TaskError<C, ErrorsOf<T>[C]>;
};

/** The function that runs the tasks of one type. It returns the output, which must fit the output schema and be JSON. */
export type Handler<T extends TaskDefinition> = (
  context: TaskContext<T>,
) => Promise<z.input<T['output']>> | z.input<T['output']>;
