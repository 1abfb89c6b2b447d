import type { RetryAdvice } from '@longhaul/proto';
import { z } from 'zod';
import { messageOf } from '../failure/describeThrown.ts';

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
