import { setTimeout as sleep } from 'node:timers/promises';

/** Time as a stage and its motions see it. */
export type Clock = {
  /** Milliseconds since some moment; never goes back. */
  readonly nowMs: () => number;
  /** Waits; rejects with the signal's reason as soon as it is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
};

/** The machine's own time. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    try {
      await sleep(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
