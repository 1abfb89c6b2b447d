import type { TaskDefinition } from '../contract/taskDefinition.ts';
import type { FailureOf } from './taskViews.ts';

/** A task that ended `FAILED`. Narrow `failure` by its `code`; a declared error has its typed `data`. */
export class TaskFailedError<
  F extends { code: string; message: string } = { code: string; message: string },
> extends Error {
  override readonly name = 'TaskFailedError';
  readonly taskId: string;
  readonly failure: F;

  constructor(taskId: string, failure: F) {
    super(`${failure.code}: ${failure.message}`);
    this.taskId = taskId;
    this.failure = failure;
  }
}

/** The failure of one kind of task. */
export type TaskFailedErrorOf<T extends TaskDefinition> = TaskFailedError<FailureOf<T>>;

/** A task that ended `CANCELED`. */
export class TaskCanceledError extends Error {
  override readonly name = 'TaskCanceledError';
  readonly taskId: string;
  readonly reason: string | undefined;

  constructor(taskId: string, reason: string | undefined) {
    super(reason === undefined ? 'The task was canceled.' : `The task was canceled: ${reason}`);
    this.taskId = taskId;
    this.reason = reason;
  }
}
