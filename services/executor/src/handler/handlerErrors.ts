import type { BuiltInFailureCode, RetryAdvice } from '@longhaul/proto/wire';
import { z } from 'zod';
import { messageOf } from '../failure/describeThrown.ts';
import { preview } from '../failure/safeRead.ts';

/**
 * A declared error of a task, thrown by its handler: the task ends `FAILED` with this code, message and data.
 * Made by `ctx.error(...)`, which types code and data by the definition.
 */
export class TaskError<C extends string = string, D = unknown> extends Error {
  override readonly name = 'TaskError';
  readonly code: C;
  readonly data: D;

  constructor(code: C, message: string, data: D) {
    super(textOf(message));
    this.code = code;
    this.data = data;
  }
}

/** From untyped code it may be anything: what cannot be made a text would throw here, in place of the error. */
function textOf(message: unknown): string {
  return typeof message === 'string' ? message : preview(message);
}

/** An end of an attempt that the handler did not declare: its code is one of Longhaul's own. */
export class TaskFault extends Error {
  override readonly name = 'TaskFault';
  readonly code: BuiltInFailureCode;

  constructor(code: BuiltInFailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const longestDelayMs = 365 * 24 * 60 * 60 * 1_000;

/** An advice as it is read from what was thrown: `AdvisedError` is exported, so anybody may make one of anything. */
export const adviceSchema: z.ZodType<RetryAdvice> = z.discriminatedUnion('retry', [
  z.object({ retry: z.literal(false) }),
  z.object({
    retry: z.literal(true),
    delayMs: z
      .number()
      .min(0)
      // Much later there is no date, and the server's nanoseconds overflow.
      .transform(ms => Math.round(Math.min(ms, longestDelayMs))),
  }),
]);

/** An error with what its thrower says of trying again. The error itself is what is recorded. */
export class AdvisedError extends Error {
  override readonly name = 'AdvisedError';
  override readonly cause: unknown;
  readonly advice: RetryAdvice;

  constructor(cause: unknown, advice: RetryAdvice) {
    super(messageOf(cause));
    this.cause = cause;
    this.advice = advice;
  }
}

/**
 * Marks an error as one that another attempt would meet again: `throw doNotRetry(ctx.error('NOT_FOUND', …))`. The
 * task fails with it, whatever attempts are left.
 */
export function doNotRetry(error: unknown): AdvisedError {
  return new AdvisedError(error, { retry: false });
}

/**
 * Marks an error as one to be tried again after a time that the handler knows better than the backoff (a `Retry-After`
 * of a service that it called). Does not add attempts.
 *
 * @param delayMs milliseconds until the next attempt; more than a year counts as a year
 */
export function retryAfter(error: unknown, delayMs: number): AdvisedError {
  if (!Number.isFinite(delayMs) || delayMs < 0)
    throw new RangeError(`delayMs must be 0 or more, not ${delayMs}.`);
  return new AdvisedError(error, { retry: true, delayMs: Math.round(delayMs) });
}
