import type { z } from 'zod';
import type { RestRoute } from './restRoute.ts';
import type { TaskLimits } from './taskLimits.ts';
import type { TaskPolicy } from './taskPolicy.ts';

/** Who may see stacks of failures, each with those before it. `owners`: also the owner of the task. */
export const exposures = ['nobody', 'operators', 'owners'] as const;
/** Who may see the stacks of failures: nobody, operators and administrators, or also the task's owner. */
export type ExposeStack = (typeof exposures)[number];

/** The errors that a task declares: code → schema of the error's data. Codes are written in CAPITALS. */
export type ErrorSchemas = { readonly [code: string]: z.ZodType };

/**
 * One kind of work: what goes in, what is said meanwhile, what comes out, and which errors are expected.
 *
 * Input travels as the JSON that the caller wrote and is parsed by the executor, so an input schema may transform
 * and have defaults. Progress, output and error data are plain JSON on both sides.
 */
export type TaskDefinition<
  I extends z.ZodType = z.ZodType,
  P extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  E extends ErrorSchemas = ErrorSchemas,
  S extends boolean = boolean,
> = {
  /** Tells a definition from a branch of a contract. */
  readonly kind: 'task';
  /** A short name for people. */
  readonly title: string | undefined;
  /** What the task does, for people. */
  readonly description: string | undefined;
  /** The schema of the input. */
  readonly input: I;
  /** The schema of the progress; `z.never()` where there is none. */
  readonly progress: P;
  /** The schema of the output. */
  readonly output: O;
  /** The declared errors, as code → schema of the data. */
  readonly errors: E;
  /** What holds across executors. */
  readonly limits: TaskLimits;
  /** How it is run, complete with defaults. */
  readonly policy: TaskPolicy & { readonly sandbox: S };
  /** Who may see the stacks of its failures, where the gateway allows it. */
  readonly exposeStack: ExposeStack;
  /** The REST routes that start it, besides `POST /v1/tasks/{name}`. */
  readonly rest: readonly RestRoute[];
};

/** What a caller of the task writes as its input. */
export type InputOf<T extends TaskDefinition> = z.input<T['input']>;
/** What the handler gets as its input: parsed, with defaults. */
export type ParsedInputOf<T extends TaskDefinition> = z.output<T['input']>;
/** What a watcher of the task sees as its progress. */
export type ProgressOf<T extends TaskDefinition> = z.output<T['progress']>;
/** What the task's caller gets as its output. */
export type OutputOf<T extends TaskDefinition> = z.output<T['output']>;
/** The declared errors of a task, as code → data. */
export type ErrorsOf<T extends TaskDefinition> = {
  [C in keyof T['errors'] & string]: z.output<T['errors'][C]>;
};
