import type { Clock } from './clock.ts';

/**
 * A clock that never waits: when everything sleeps, it jumps to the next sleeper's time. For tests of motions, so that
 * seconds of travel take milliseconds and every poll falls on the same moment in each run.
 */
export function virtualClock(): Clock {
  let nowMs = 0;
  let jumping = false;
  const sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  const jump = () => {
    jumping = false;
    sleepers.sort((a, b) => a.atMs - b.atMs);
    const next = sleepers.shift();
    if (next === undefined) return;
    nowMs = Math.max(nowMs, next.atMs);
    next.wake();
    planJump();
  };
  const planJump = () => {
    if (jumping || sleepers.length === 0) return;
    jumping = true;
    // After all that is runnable now, so that whoever was woken can fall asleep again first.
    setImmediate(jump);
  };

  return {
    nowMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          reject(signal?.reason);
        };
        const sleeper = {
          atMs: nowMs + ms,
          wake: () => {
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        sleepers.push(sleeper);
        planJump();
      }),
  };
}
