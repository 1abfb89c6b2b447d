import type { TaskPolicy } from '../contract/taskPolicy.ts';
import type { Failure } from '../wire/failure.ts';
import { backoffDelayMs } from './backoff.ts';

/** What a handler may say of an error that it throws. */
export type RetryAdvice = { readonly retry: false } | { readonly retry: true; readonly delayMs: number };

/** What follows a failed attempt. */
export type AfterFailure =
  | { readonly do: 'fail'; readonly error: Failure }
  | { readonly do: 'retry'; readonly error: Failure; readonly delayMs: number };

/** Failures that another attempt would meet again: the contract or the handler has to be fixed. */
const neverRetried = new Set([
  'INVALID_INPUT',
  'INPUT_UNREADABLE',
  'TASK_TIMEOUT',
  'INVALID_OUTPUT',
  'INVALID_PROGRESS',
  'INVALID_ERROR_DATA',
  'OUTPUT_TOO_LARGE',
]);

/**
 * Decides whether a failed attempt is followed by another.
 *
 * @param failures how many attempts have failed, this one included
 * @param deadlineMs when the whole task has to end, in milliseconds since the epoch
 */
export function decideAfterFailure(
  policy: Pick<TaskPolicy, 'maxAttempts' | 'backoff' | 'retryOn'>,
  failure: { readonly error: Failure; readonly advice: RetryAdvice | undefined },
  failures: number,
  deadlineMs: number | undefined,
  nowMs: number,
  random: number,
): AfterFailure {
  const { error, advice } = failure;
  const isRetried =
    advice?.retry ??
    (!neverRetried.has(error.code) && (policy.retryOn === undefined || policy.retryOn.includes(error.code)));
  if (!isRetried || failures >= policy.maxAttempts) return { do: 'fail', error };
  const delayMs = advice?.retry ? advice.delayMs : backoffDelayMs(policy.backoff, failures, random);
  // The error that was is of more use than a deadline met while nothing ran.
  if (deadlineMs !== undefined && nowMs + delayMs >= deadlineMs) return { do: 'fail', error };
  return { do: 'retry', error, delayMs };
}
