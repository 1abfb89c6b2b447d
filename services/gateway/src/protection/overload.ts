import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the delay of the event loop is read, and how finely it is sampled. */
const readEveryMs = 1_000;
const resolutionMs = 20;

/** How many readings in a row have to be too high. */
const readingsInARow = 2;

/**
 * Judges readings of the delay. One that is too high can come of a single long turn of the event loop: many watchers that
 * came back at once, a large answer, a machine that stood still. That is over, and does not predict the next second; calls
 * that are refused then would be refused by a gateway that has nothing to do.
 */
export class DelayReadings {
  readonly #maxDelayMs: number;
  #highInARow = 0;

  /** @param maxDelayMs 0: no limit */
  constructor(maxDelayMs: number) {
    this.#maxDelayMs = maxDelayMs;
  }

  /** @param meanMs the average delay since the last reading; not a number: there was no sample, which says nothing */
  add(meanMs: number): void {
    if (Number.isNaN(meanMs)) return;
    this.#highInARow = meanMs > this.#maxDelayMs ? this.#highInARow + 1 : 0;
  }

  get areTooHigh(): boolean {
    return this.#maxDelayMs > 0 && this.#highInARow >= readingsInARow;
  }
}

/** Detects overload by the delay of the event loop: a new call would wait behind the work that is queued already. */
export class Overload {
  readonly #histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #readings: DelayReadings;

  /** @param maxDelayMs the highest average delay of the event loop, in milliseconds, that is no overload; 0: no limit */
  constructor(maxDelayMs: number) {
    this.#readings = new DelayReadings(maxDelayMs);
    if (maxDelayMs === 0) return;
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      this.#readings.add(this.#histogram.mean / 1e6 - resolutionMs);
      this.#histogram.reset();
    }, readEveryMs).unref();
  }

  get isOverloaded(): boolean {
    return this.#readings.areTooHigh;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }
}
