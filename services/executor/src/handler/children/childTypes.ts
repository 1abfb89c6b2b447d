import type { Contract, InputOf, OutputOf, TaskDefinition, TaskFailedErrorOf } from '@longhaul/proto';
import {
  type ChildTaskOptions,
  type EndedOutcomeOf,
  type EndedTask,
  GatewayError,
  type GatewayErrorCode,
  type InputIssue,
} from '@longhaul/proto/wire';

/** A child task: a task that a handler has started, typed by its definition. */
export type ChildTask<T extends TaskDefinition> = {
  /** The child's id, a UUID. */
  readonly id: string;
  /** Waits for the end and resolves with how it ended. Rejects with the signal's reason when the parent must end. */
  readonly outcome: () => Promise<EndedOutcomeOf<T>>;
  /**
   * Waits for the output.
   * @throws TaskFailedError, TaskCanceledError; TaskOutputUnfitError where an executor with another contract wrote the
   *   output; the signal's reason when the parent must end
   */
  readonly result: () => Promise<OutputOf<T>>;
  /** Whether an error is this task's failure. Narrows it to the declared errors. */
  readonly isFailure: (error: unknown) => error is TaskFailedErrorOf<T>;
};

/** Starts tasks of one type as children. */
export type ChildStarter<T extends TaskDefinition> = {
  /**
   * Starts a task as a child of this one, with the same owner. In another attempt the same start finds the same task.
   * @throws ChildStartError `INVALID_INPUT`, `INVALID_REQUEST`, `PAYLOAD_TOO_LARGE`, `TOO_MANY_VALUES`,
   *   `IDEMPOTENCY_CONFLICT`; the signal's reason when the parent must end
   */
  readonly start: (input: InputOf<T>, options?: ChildTaskOptions) => Promise<ChildTask<T>>;
};

/** A contract as a tree of tasks that a handler can start. */
export type ChildTasks<C> = {
  readonly [K in keyof C]: C[K] extends TaskDefinition ? ChildStarter<C[K]> : ChildTasks<C[K]>;
};

/** Gives a handler the tasks of a contract, the executor's own or another one, to start them as children. */
export type StartChildren = <const C extends Contract>(contract: C) => ChildTasks<C>;

/** A child to start: checked by its definition, and with its task type. */
export type NewChild = {
  /** The task type. */
  readonly name: string;
  /** Unique among the parent's children of that type. */
  readonly key: string | number;
  /** The JSON that the handler wrote. */
  readonly input: unknown;
  /** Options of the start. */
  readonly options: Omit<ChildTaskOptions, 'key'>;
};

/** Starts children and waits for them: in the executor itself, or from a handler's thread. */
export type ChildPort = {
  /** @returns the child's id */
  readonly start: (child: NewChild) => Promise<string>;
  readonly ended: (id: string, name: string) => Promise<EndedTask>;
};

/** A child was not started. Its codes are those with which a client's start is refused. */
export class ChildStartError extends Error {
  override readonly name = 'ChildStartError';
  readonly code: GatewayErrorCode;
  /** What is wrong with the input, fault by fault; empty for other errors. */
  readonly issues: readonly InputIssue[];

  constructor(
    code: GatewayErrorCode,
    message: string,
    options: { readonly issues?: readonly InputIssue[]; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.issues = options.issues ?? [];
  }
}

/** The error that a handler gets when a start is refused. */
export function asStartError(error: unknown): unknown {
  if (!(error instanceof GatewayError)) return error;
  const { code, message, issues } = error;
  return new ChildStartError(code, message, { issues, cause: error });
}
