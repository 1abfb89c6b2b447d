/** After a refused pull (no leader, consumer being made) the next pull waits this long; doubles up to the longest. */
const refusedDelayMs = 250;
const longestRefusedDelayMs = 4_000;

/** The backoff of refused pulls. No I/O. */
export class PullRefusals {
  /** Since the last answer that was none. */
  #count = 0;
  #untilMs = 0;

  /**
   * Takes a refusal. However many pulls are refused at once (a server that restarts refuses all), that is one step of the
   * backoff.
   *
   * @returns whether the refusal is the first of all, or of a step; `undefined`: its step was taken before
   */
  add(nowMs: number): 'first' | 'further' | undefined {
    if (nowMs < this.#untilMs) return undefined;
    this.#untilMs = nowMs + Math.min(longestRefusedDelayMs, refusedDelayMs * 2 ** this.#count);
    this.#count += 1;
    return this.#count === 1 ? 'first' : 'further';
  }

  /** How long the next pull waits, in milliseconds. */
  leftMs(nowMs: number): number {
    return this.#untilMs - nowMs;
  }

  /** A pull was answered. */
  answered(): void {
    this.#count = 0;
  }

  /** The server is another one now. */
  reset(): void {
    this.#count = 0;
    this.#untilMs = 0;
  }
}
