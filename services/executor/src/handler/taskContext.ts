import type { ErrorsOf, ParsedInputOf, TaskDefinition } from '@longhaul/proto';
import type { ErrorSchemas } from '@longhaul/proto/wire';
import type { z } from 'zod';
import type { StartChildren } from './children/childTypes.ts';
import type { ExecOptions, ExecResult } from './execTypes.ts';
import type { TaskError } from './handlerErrors.ts';

/** Levels of a task's log lines. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Writes to the task's own log: each line becomes a `log` event that watchers see. Never throws: odd fields are told in words. */
export type TaskLog = {
  readonly [L in LogLevel]: (message: string, fields?: Record<string, unknown>) => void;
};

/** `{}` as a type of data means that there is nothing to give, so that the argument may be left out. */
type ErrorData<E extends ErrorSchemas, C extends keyof E> =
  // biome-ignore lint/complexity/noBannedTypes: "does the empty object fit?" is exactly the question here
  {} extends z.input<E[C]> ? [data?: z.input<E[C]>] : [data: z.input<E[C]>];

/** What a handler is given. */
export type TaskContext<T extends TaskDefinition = TaskDefinition> = {
  /** The input, parsed by the definition's schema (with defaults and transforms). */
  readonly input: ParsedInputOf<T>;
  /** The task: a stable id for making effects idempotent, the dotted name, the owner, when it was accepted. */
  readonly task: {
    readonly id: string;
    readonly name: string;
    readonly owner: string;
    readonly createdAt: string;
  };
  /** Which start of the handler this is, from 1. */
  readonly attempt: number;
  /** Aborted when the task is canceled, timed out or taken over. Pass it to everything that can wait. */
  readonly signal: AbortSignal;
  /**
   * Reports progress. Throttled: the latest within `progressIntervalMs` wins, and the last one is always published.
   * @throws TaskFault `INVALID_PROGRESS` when the progress schema refuses it
   */
  readonly progress: (progress: z.input<T['progress']>) => void;
  readonly log: TaskLog;
  /**
   * The tasks of a contract, to be started as children of this one: `await tasks(contract).audio.transcribe.start(input)`.
   * They belong to the same owner, and are canceled when this task ends, unless they are `detached`.
   */
  readonly tasks: StartChildren;
  /**
   * A place where the handler can be paused: `await checkpoint()`. Resolves at once unless somebody wants the task to
   * pause, and then when it is resumed. For tasks that are defined with `pausable: true`; in others it never waits.
   * @throws the signal's reason when the task is to end, also while it is paused
   */
  readonly checkpoint: () => Promise<void>;
  /**
   * Runs a child process that ends with the task: on abort its whole process group gets SIGTERM, then SIGKILL.
   * Resolves with the exit code, whatever it is.
   * @throws ExecError `COMMAND_NOT_FOUND`, `COMMAND_FAILED_TO_START`; the signal's reason when aborted
   */
  readonly exec: (command: string, args?: readonly string[], options?: ExecOptions) => Promise<ExecResult>;
  /** Makes a declared error to throw: `throw ctx.error('NOT_FOUND', 'There is no file at a.txt.', { path: 'a.txt' })`. */
  readonly error: <C extends keyof T['errors'] & string>(
    code: C,
    message: string,
    ...data: ErrorData<T['errors'], C>
  ) => TaskError<C, ErrorsOf<T>[C]>;
};

/** The code that runs one task definition. What it returns must fit the output schema. */
export type Handler<T extends TaskDefinition> = (
  context: TaskContext<T>,
) => Promise<z.input<T['output']>> | z.input<T['output']>;
