/** One motion at a time for one stage, in the order of asking. */
export type StageLock = {
  /**
   * Waits for the stage.
   *
   * @param onWait called once when others are before it, with their number
   * @returns gives the stage back; calling it again does nothing
   * @throws the signal's reason when it is aborted while waiting
   */
  readonly acquire: (signal: AbortSignal, onWait: (ahead: number) => void) => Promise<() => void>;
};

/** A lock inside this process. */
export function createStageLock(): StageLock {
  let held = false;
  const waiting: (() => void)[] = [];

  const release = () => {
    const next = waiting.shift();
    if (next === undefined) held = false;
    // The stage stays held: it is handed on directly, so no other task can take it in between.
    else next();
  };
  const releaseOnce = () => {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      release();
    };
  };

  return {
    async acquire(signal, onWait) {
      signal.throwIfAborted();
      if (!held) {
        held = true;
        return releaseOnce();
      }
      onWait(waiting.length + 1);
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const take = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(take), 1);
          reject(signal.reason);
        };
        signal.addEventListener('abort', leave, { once: true });
        waiting.push(take);
      });
      return releaseOnce();
    },
  };
}
