import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the event loop is looked at, and how finely. */
const lookMs = 1_000;
const resolutionMs = 20;

/** Whether the gateway has more to do than it can: whatever comes now waits behind what is there already. */
export class Overload {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout | undefined;
  #delayMs = 0;
  readonly #mostDelayMs: number;

  /** @param mostDelayMs the average delay of the event loop that is overload; 0: none is */
  constructor(mostDelayMs: number) {
    this.#mostDelayMs = mostDelayMs;
    if (mostDelayMs === 0) return;
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      // Without a single sample the loop has stood still for all of the time, once: that says nothing of the next second.
      const { mean } = this.#histogram;
      this.#delayMs = Number.isNaN(mean) ? 0 : mean / 1e6 - resolutionMs;
      this.#histogram.reset();
    }, lookMs).unref();
  }

  get isOverloaded(): boolean {
    return this.#mostDelayMs > 0 && this.#delayMs > this.#mostDelayMs;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }
}
