import { AttemptAborted } from './abortReasons.ts';

/** What a timer can wait for: Node fires a longer one at once. A deadline further off is met after a redelivery. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Aborts an attempt when its own time, or the whole task's, is over: whichever comes first.
 *
 * @param timeoutMs of the attempt; 0: no limit
 * @param deadlineMs of the task, in milliseconds since the epoch
 */
export function startTimeLimits(
  timeoutMs: number,
  deadlineMs: number | undefined,
  nowMs: number,
  abort: (reason: AttemptAborted) => void,
): { stop(): void } {
  const timers: NodeJS.Timeout[] = [];
  const after = (ms: number, reason: AttemptAborted) => {
    if (ms <= longestTimerMs) timers.push(setTimeout(() => abort(reason), ms));
  };
  if (timeoutMs > 0)
    after(timeoutMs, new AttemptAborted('TIMEOUT', `The attempt took longer than ${timeoutMs} ms.`));
  if (deadlineMs !== undefined) {
    const message = `The whole task took longer than it may, until ${new Date(deadlineMs).toISOString()}.`;
    after(Math.max(0, deadlineMs - nowMs), new AttemptAborted('TASK_TIMEOUT', message));
  }
  return { stop: () => timers.forEach(clearTimeout) };
}
