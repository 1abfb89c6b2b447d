import { type BuiltInFailureCode, CodedError, type RetryAdvice } from '@longhaul/proto/wire';
import { z } from 'zod';
import { messageOf } from '../failure/describeThrown.ts';
import { preview } from '../failure/safeRead.ts';

/**
 * A declared error of a task, thrown by its handler: the task ends `FAILED` with this code, message and data. Make it with
 * `ctx.error(…)`, which types code and data by the definition. Code without a context makes it itself; a code that the
 * definition does not declare becomes `HANDLER_ERROR`.
 *
 * @example
 * ```ts
 * async function readPages(path: string) {
 *   if (!existsSync(path)) throw new TaskError('NOT_FOUND', `There is no file at ${path}.`, { path });
 *   return parsePages(await readFile(path));
 * }
 * ```
 */
export class TaskError<C extends string = string, D = unknown> extends Error {
  override readonly name = 'TaskError';
  readonly code: C;
  /** What the schema of the declared error describes. */
  readonly data: D;

  constructor(code: C, message: string, data: D) {
    super(textOf(message));
    this.code = code;
    this.data = data;
  }
}

/** Untyped code may pass any value. One that cannot become a text would throw here, in place of the error. */
function textOf(message: unknown): string {
  return typeof message === 'string' ? message : preview(message);
}

/** A fault that Longhaul itself reports about a handler: its code is one of Longhaul's own, such as `INVALID_OUTPUT`. */
export class TaskFault extends CodedError<BuiltInFailureCode> {
  override readonly name = 'TaskFault';
}

const longestDelayMs = 365 * 24 * 60 * 60 * 1_000;

/** Checks the advice of a thrown error: `AdvisedError` is exported, so user code may make one with any value. */
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

/** An error with an advice about another attempt, made by {@link doNotRetry} or {@link retryAfter}. Its `cause` is recorded. */
export class AdvisedError extends Error {
  override readonly name = 'AdvisedError';
  /** The error that is recorded as the failure. */
  override readonly cause: unknown;
  /** Whether to try again, and after how many milliseconds. */
  readonly advice: RetryAdvice;

  constructor(cause: unknown, advice: RetryAdvice) {
    super(messageOf(cause));
    this.cause = cause;
    this.advice = advice;
  }
}

/**
 * Marks an error that another attempt would meet again: the task fails with it, even if attempts are left.
 *
 * @param error the error, which is recorded as the failure
 * @returns the error to throw
 *
 * @example
 * ```ts
 * throw doNotRetry(ctx.error('NOT_FOUND', 'There is no file at a.txt.', { path: 'a.txt' }));
 * ```
 */
export function doNotRetry(error: unknown): AdvisedError {
  return new AdvisedError(error, { retry: false });
}

/**
 * Marks an error after which the next attempt begins after a given delay instead of the backoff, such as the `Retry-After`
 * of a service that the handler called. It adds no attempts.
 *
 * @param error the error, which is recorded as the failure
 * @param delayMs milliseconds until the next attempt; more than a year counts as a year
 * @returns the error to throw
 * @throws RangeError when `delayMs` is negative or no finite number
 *
 * @example
 * ```ts
 * if (response.status === 429)
 *   throw retryAfter(new Error('The service is busy.'), 1_000 * Number(response.headers.get('retry-after') ?? 60));
 * ```
 */
export function retryAfter(error: unknown, delayMs: number): AdvisedError {
  if (!Number.isFinite(delayMs) || delayMs < 0)
    throw new RangeError(`delayMs must be 0 or more, not ${delayMs}.`);
  return new AdvisedError(error, { retry: true, delayMs: Math.round(delayMs) });
}
