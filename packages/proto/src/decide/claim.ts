import type { BuiltInFailureCode, Failure } from '../wire/failure.ts';
import type { TaskState } from '../wire/taskState.ts';
import { isRunning, isTerminal } from './status.ts';
import { isToPause } from './taskState.ts';

/** What an executor does with a request that was delivered to it. Whatever it appends follows the log as it was read. */
export type Claim =
  /** Run the handler as this attempt. */
  | {
      readonly do: 'run';
      readonly attempt: number;
      readonly failures: number;
      /** Whether it is to pause at its first checkpoint: a pause was requested, and no resume since. */
      readonly toPause?: true;
    }
  /** A limit is over: the task ends here. */
  | { readonly do: 'fail'; readonly error: Failure }
  /** The task has ended: take its request off the queue. */
  | { readonly do: 'acknowledge' }
  /** It was canceled while no executor ran it: write `canceled`, and acknowledge the request. */
  | { readonly do: 'cancel'; readonly reason: string | undefined }
  /** A retry is not due yet: release the request until then. */
  | { readonly do: 'wait'; readonly untilMs: number };

/** The limits that a claim checks. */
export type ClaimLimits = {
  /** How many executors may be lost while they run the task. */
  readonly maxLosses: number;
  /** When the whole task has to end, in milliseconds since the epoch. */
  readonly deadlineMs: number | undefined;
  /** By when its first attempt has to begin. */
  readonly startBy: string | undefined;
};

/**
 * Decides over a delivered request by the state at the end of the task's event log.
 *
 * @param nowMs the time in milliseconds since the epoch
 */
export function decideClaim(state: TaskState, limits: ClaimLimits, nowMs: number): Claim {
  const { deadlineMs, maxLosses, startBy } = limits;
  if (isTerminal(state.status)) return { do: 'acknowledge' };
  if (state.status === 'STOPPING') return { do: 'cancel', reason: state.cancelReason };
  const fail = (code: BuiltInFailureCode, message: string): Claim => ({
    do: 'fail',
    error: { code, message },
  });
  if (deadlineMs !== undefined && nowMs >= deadlineMs) {
    return fail('TASK_TIMEOUT', 'The time for the whole task was over before it could continue.');
  }
  if (state.attempt === 0 && startBy !== undefined && nowMs >= Date.parse(startBy)) {
    return fail('NOT_STARTED_IN_TIME', `No executor took the task before ${startBy}.`);
  }
  // It is delivered again, and nothing says that its attempt ended: the executor is gone, or cannot be heard.
  if (isRunning(state.status) && state.losses >= maxLosses) {
    return fail(
      'EXECUTOR_LOST',
      `${state.losses + 1} executors were lost while they ran the task, the last in attempt ${state.attempt}.`,
    );
  }
  const dueMs = state.nextAttemptAt === undefined ? 0 : Date.parse(state.nextAttemptAt);
  if (dueMs > nowMs) return { do: 'wait', untilMs: dueMs };
  return {
    do: 'run',
    attempt: state.attempt + 1,
    failures: state.failures,
    ...(isToPause(state) ? { toPause: true } : {}),
  };
}
