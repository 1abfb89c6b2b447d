/**
 * Why a task's handler is asked to end: the `reason` of `ctx.signal`. A handler may rethrow it as it is.
 *
 * @example
 * ```ts
 * ctx.signal.addEventListener('abort', () => {
 *   const reason: unknown = ctx.signal.reason;
 *   if (reason instanceof AttemptAborted && reason.code === 'TIMEOUT') ctx.log.warn('This took too long.');
 * });
 * ```
 */
export class AttemptAborted extends Error {
  override readonly name = 'AttemptAborted';
  readonly code: AbortCode;

  constructor(code: AbortCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Why an attempt was aborted. */
export type AbortCode =
  /** The task was canceled. */
  | 'CANCELED'
  /** The attempt took longer than `timeoutMs`. */
  | 'TIMEOUT'
  /** The whole task took longer than `totalTimeoutMs`. */
  | 'TASK_TIMEOUT'
  /** The task has ended, or another executor runs it: nothing that this attempt does counts any more. */
  | 'SUPERSEDED'
  /** The executor shuts down; another executor will run the task again. */
  | 'RELEASED'
  /** NATS does not answer this executor: another one may run the task by now. The task is not ended by it. */
  | 'CUT_OFF';

/** Why an attempt's signal was aborted. */
export function abortReason(signal: AbortSignal): AttemptAborted {
  const reason: unknown = signal.reason;
  return reason instanceof AttemptAborted ? reason : new AttemptAborted('CANCELED', String(reason));
}

/** A timer that starts when a signal is aborted: `over` resolves at the end of the grace period. */
export function graceAfterAbort(
  signal: AbortSignal,
  graceMs: () => number,
): { readonly over: Promise<void>; stop(): void } {
  const over = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    timer = setTimeout(over.resolve, graceMs());
  };
  if (signal.aborted) start();
  else signal.addEventListener('abort', start, { once: true });
  return {
    over: over.promise,
    stop: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', start);
    },
  };
}
