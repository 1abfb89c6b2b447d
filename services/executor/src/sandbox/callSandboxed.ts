import { type AttemptAborted, abortReason, graceAfterAbort } from '../handler/abort.ts';
import { type Ending, endingOfAbort, failed } from '../handler/ending.ts';
import type { HandlerCall, HandlerEnd } from '../handler/handlerCall.ts';
import type { SandboxPool } from './sandboxPool.ts';
import { type ThreadEnd, ThreadRun } from './threadRun.ts';

/**
 * An ended thread is gone within milliseconds, unless it is in a call of the operating system or of an addon that cannot be
 * interrupted. After this time its task ends with `handlerStillRunning`.
 */
const stuckAfterMs = 1_000;
/** Shorter than the time that a stopping executor waits for its handlers (see `createExecutor`). */
const releaseGraceMs = 2_000;

/**
 * Calls a handler in a thread. Once the signal is aborted, the handler has the policy's grace period to end. Then its
 * thread is ended, so that nothing of the task runs any more.
 */
export async function callSandboxed(call: HandlerCall, pool: SandboxPool): Promise<HandlerEnd> {
  const { signal, definition } = call;
  if (signal.aborted) {
    return { ending: endingOfAbort(abortReason(signal), false), handlerEnded: Promise.resolve() };
  }
  const run = new ThreadRun(pool, call);
  const onAbort = () => run.abort(abortReason(signal));
  signal.addEventListener('abort', onAbort, { once: true });
  const grace = graceAfterAbort(signal, () => graceMs(definition.policy.cancelGraceMs, abortReason(signal)));
  const stuck = Promise.withResolvers<'stuck'>();
  let stuckTimer: NodeJS.Timeout | undefined;
  void grace.over.then(() => {
    run.kill();
    stuckTimer = setTimeout(() => stuck.resolve('stuck'), stuckAfterMs);
  });
  try {
    const end = await Promise.race([run.ended, stuck.promise]);
    return { ending: endingOf(end, signal), handlerEnded: run.released };
  } finally {
    clearTimeout(stuckTimer);
    grace.stop();
    signal.removeEventListener('abort', onAbort);
  }
}

function graceMs(cancelGraceMs: number, reason: AttemptAborted): number {
  // Another executor may run the task, or will.
  const isElsewhere = reason.code === 'RELEASED' || reason.code === 'CUT_OFF';
  return isElsewhere ? Math.min(cancelGraceMs, releaseGraceMs) : cancelGraceMs;
}

function endingOf(end: ThreadEnd | 'stuck', signal: AbortSignal): Ending {
  if (signal.aborted) {
    const reason = abortReason(signal);
    // A declared error that is thrown after a cancel reports that canceling failed.
    if (end !== 'stuck' && end.how === 'ended' && end.declared && reason.code === 'CANCELED')
      return end.ending;
    return endingOfAbort(reason, end === 'stuck');
  }
  if (end !== 'stuck' && end.how === 'ended') return end.ending;
  const why = end !== 'stuck' && end.how === 'crashed' ? end.message : 'It was ended.';
  return failed('SANDBOX_CRASHED', `The thread of the handler ended before the handler did: ${why}`);
}
