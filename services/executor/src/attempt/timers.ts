import { AttemptAborted } from '../handler/abort.ts';

/** The longest time of a timer: Node fires a longer one at once. A later deadline is checked at each redelivery. */
const longestTimerMs = 2 ** 31 - 1;

/** The limits of one attempt while it runs. */
export type TimeLimits = {
  /** Stops the attempt's own time while it is paused. The whole task's time continues. */
  readonly pauseAttempt: () => void;
  readonly resumeAttempt: () => void;
  readonly stop: () => void;
};

/**
 * Aborts an attempt when its own time limit is reached, or the whole task's, whichever comes first.
 *
 * @param timeoutMs of the attempt; 0: no limit
 * @param deadlineMs of the task, in milliseconds since the epoch
 */
export function startTimeLimits(
  timeoutMs: number,
  deadlineMs: number | undefined,
  nowMs: number,
  abort: (reason: AttemptAborted) => void,
): TimeLimits {
  const after = (ms: number, reason: AttemptAborted) =>
    ms <= longestTimerMs ? setTimeout(() => abort(reason), ms) : undefined;
  let attemptTimer: NodeJS.Timeout | undefined;
  let leftMs = timeoutMs;
  let runningSinceMs = 0;
  const resumeAttempt = () => {
    if (timeoutMs === 0) return;
    runningSinceMs = performance.now();
    attemptTimer = after(
      leftMs,
      new AttemptAborted('TIMEOUT', `The attempt took longer than ${timeoutMs} ms.`),
    );
  };
  const pauseAttempt = () => {
    clearTimeout(attemptTimer);
    leftMs = Math.max(0, leftMs - (performance.now() - runningSinceMs));
  };
  resumeAttempt();
  let taskTimer: NodeJS.Timeout | undefined;
  if (deadlineMs !== undefined) {
    const message = `The whole task took longer than it may, until ${new Date(deadlineMs).toISOString()}.`;
    taskTimer = after(Math.max(0, deadlineMs - nowMs), new AttemptAborted('TASK_TIMEOUT', message));
  }
  let isStopped = false;
  return {
    pauseAttempt,
    resumeAttempt: () => {
      if (!isStopped) resumeAttempt();
    },
    stop: () => {
      isStopped = true;
      clearTimeout(attemptTimer);
      clearTimeout(taskTimer);
    },
  };
}
