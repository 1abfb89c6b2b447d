/** How many log lines of one task become events in one second; a chattier handler's further lines are counted only. */
export const logLinesPerSecond = 200;
/**
 * Bounds a task's log. Says what it dropped, so that a full buffer is never a silent one.
 */
export class LogLimit {
  #secondMs = 0;
  #lines = 0;
  #dropped = 0;

  /**
   * Asks whether one more line may go out.
   * @returns whether it may, and how many were dropped since the last one that did
   */
  admit(nowMs: number, hasRoom: boolean): { readonly ok: boolean; readonly dropped: number } {
    // The other way round where the clock was set back.
    if (nowMs - this.#secondMs >= 1_000 || nowMs < this.#secondMs) {
      this.#secondMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines >= logLinesPerSecond || !hasRoom) {
      this.#dropped += 1;
      return { ok: false, dropped: 0 };
    }
    this.#lines += 1;
    return { ok: true, dropped: this.takeDropped() };
  }

  /** How many lines were dropped and not yet spoken of. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}

/** What is said in place of lines that were dropped. */
export function droppedText(count: number): string {
  return `${count} log line${count === 1 ? ' was' : 's were'} dropped: too many at once.`;
}
