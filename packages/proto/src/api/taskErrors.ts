import type { TaskDefinition } from '../contract/taskDefinition.ts';
import type { Thrown } from '../wire/failure.ts';
import { causeOfFailure } from './failureCause.ts';
import type { FailureOf } from './taskViews.ts';

/**
 * A task that ended `FAILED`. Narrow `failure` by its `code`; a declared error has its typed `data`. `cause` is what
 * its handler threw, as an error with the causes below it; its stack is the handler's, for callers who may see it.
 *
 * @example
 * ```ts
 * const task = await client.audio.transcribe.start({ path: 'talk.mp3' });
 * try {
 *   console.log((await task.result()).text);
 * } catch (error) {
 *   // `isFailure` narrows it to the declared errors of audio.transcribe.
 *   if (task.isFailure(error) && error.failure.code === 'NOT_FOUND') console.error(error.failure.data.path);
 *   else throw error;
 * }
 * ```
 */
export class TaskFailedError<F extends { code: string } & Thrown = { code: string } & Thrown> extends Error {
  override readonly name = 'TaskFailedError';
  /** The task's id. */
  readonly taskId: string;
  /** Why it failed: `code` and `message`, of a declared error also `data`. */
  readonly failure: F;

  constructor(taskId: string, failure: F) {
    super(`${failure.code}: ${failure.message}`, { cause: causeOfFailure(failure) });
    this.taskId = taskId;
    this.failure = failure;
  }
}

/** The failure of one kind of task. */
export type TaskFailedErrorOf<T extends TaskDefinition> = TaskFailedError<FailureOf<T>>;

/** A task that ended `CANCELED`. */
export class TaskCanceledError extends Error {
  override readonly name = 'TaskCanceledError';
  /** The task's id. */
  readonly taskId: string;
  /** What the caller that canceled it gave as a reason; `undefined`: nothing. */
  readonly reason: string | undefined;

  constructor(taskId: string, reason: string | undefined) {
    super(reason === undefined ? 'The task was canceled.' : `The task was canceled: ${reason}`);
    this.taskId = taskId;
    this.reason = reason;
  }
}

/**
 * A task that ended `COMPLETED` with an output that the contract in use refuses: an executor with another version of
 * the contract wrote it. The output is not lost: `$tasks.get(id)` has it as it was recorded.
 */
export class TaskOutputUnfitError extends Error {
  override readonly name = 'TaskOutputUnfitError';
  readonly code = 'OUTPUT_UNFIT';
  /** The task's id. */
  readonly taskId: string;

  constructor(taskId: string, taskType: string) {
    super(outputUnfitMessage(taskId, taskType));
    this.taskId = taskId;
  }
}

/** What is wrong with an output that does not fit, and what to do. */
export function outputUnfitMessage(taskId: string, taskType: string): string {
  return `Task ${taskId} is COMPLETED, but its output does not fit the contract of ${taskType} in use: it was written under another version. Read it as it was recorded with tasks.get, run the task again, or make the contract accept it.`;
}
