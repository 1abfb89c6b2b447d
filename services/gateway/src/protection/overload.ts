import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the delay of the event loop is read, and how finely it is sampled. */
const readEveryMs = 1_000;
const resolutionMs = 20;

/** Detects overload by the delay of the event loop: a new call would wait behind the work that is queued already. */
export class Overload {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout | undefined;
  #delayMs = 0;
  readonly #maxDelayMs: number;

  /** @param maxDelayMs the highest average delay of the event loop, in milliseconds, that is no overload; 0: no limit */
  constructor(maxDelayMs: number) {
    this.#maxDelayMs = maxDelayMs;
    if (maxDelayMs === 0) return;
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      // No sample at all: the loop was blocked once for the whole period. That does not predict the next one.
      const { mean } = this.#histogram;
      this.#delayMs = Number.isNaN(mean) ? 0 : mean / 1e6 - resolutionMs;
      this.#histogram.reset();
    }, readEveryMs).unref();
  }

  get isOverloaded(): boolean {
    return this.#maxDelayMs > 0 && this.#delayMs > this.#maxDelayMs;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }
}
