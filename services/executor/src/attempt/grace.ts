import { AttemptAborted } from './abortReasons.ts';

/** Waits, from the abort of a signal on, for the time that a handler has to come to an end. */
export function graceAfterAbort(
  signal: AbortSignal,
  graceMs: () => number,
): { readonly over: Promise<void>; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let begin = () => {};
  const over = new Promise<void>(resolve => {
    begin = () => {
      timer = setTimeout(resolve, graceMs());
    };
  });
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return {
    over,
    stop: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', begin);
    },
  };
}

/** Why an attempt's signal was aborted. */
export function abortReason(signal: AbortSignal): AttemptAborted {
  const reason: unknown = signal.reason;
  return reason instanceof AttemptAborted ? reason : new AttemptAborted('CANCELED', String(reason));
}
