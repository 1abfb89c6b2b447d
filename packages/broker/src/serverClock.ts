import type { Topology } from '@longhaul/proto/wire';
import type { JetStreamManager } from '@nats-io/jetstream';

/** What one look at the server's clock found. */
type Sample = {
  /** The server's time in milliseconds since the epoch, at `monotonicMs` of this process. */
  readonly serverMs: number;
  readonly monotonicMs: number;
  /** How far the clock of this machine was ahead of the server's; negative: behind it. */
  readonly aheadMs: number;
  /** By how much both may be wrong: half of the time that the answer took. */
  readonly uncertainMs: number;
};

/** How many times the server is asked; the answer that took the shortest is the best. */
const samples = 3;
/** A difference between the two clocks of this machine that shows that one was set, or that the machine was suspended. */
const steppedMs = 1_000;

/**
 * The time of the NATS server. All services compare and write times by this clock, so that a deadline, a retry or a
 * delayed start means the same moment to all of them, whatever their own clocks say: durations between two readings of
 * different machines would be wrong by the difference of their clocks.
 *
 * Between two looks at the server the time advances with the monotonic clock of this process, so setting the clock of
 * the machine moves nothing. Before the first look it is the time of this machine.
 */
export class ServerClock {
  #last: (Sample & { readonly wallMs: number }) | undefined;
  #onStep: () => void = () => {};

  /** The server's time, in whole milliseconds since the epoch. */
  readonly nowMs = (): number => {
    const last = this.#last;
    if (!last) return Date.now();
    const elapsedMs = performance.now() - last.monotonicMs;
    if (Math.abs(Date.now() - last.wallMs - elapsedMs) > steppedMs) this.#onStep();
    return Math.round(last.serverMs + elapsedMs);
  };

  /** The server's time as an ISO 8601 instant. */
  readonly now = (): string => new Date(this.nowMs()).toISOString();

  /**
   * How many milliseconds the clock of this machine is ahead of the server's; negative: behind it. 0 where the
   * difference is within what the measurement can tell, `undefined` before the first one.
   */
  get aheadMs(): number | undefined {
    const last = this.#last;
    if (!last) return undefined;
    return Math.abs(last.aheadMs) <= last.uncertainMs ? 0 : Math.round(last.aheadMs);
  }

  /** Sets what is called when the clock of this machine was set, or the machine was suspended: time to measure again. */
  onStep(listener: () => void): void {
    this.#onStep = listener;
  }

  /**
   * Asks the server for its time.
   * @throws the error of NATS when it does not answer
   */
  async measure({
    jsm,
    topology,
  }: {
    readonly jsm: JetStreamManager;
    readonly topology: Topology;
  }): Promise<void> {
    let best: Sample | undefined;
    for (let i = 0; i < samples; i += 1) {
      const sentMs = performance.now();
      // Of the stream's leader, by whose clock delayed starts and expiry go.
      const { ts } = await jsm.streams.info(topology.requestStream);
      const receivedMs = performance.now();
      const wallMs = Date.now();
      const serverMs = Date.parse(ts ?? '');
      if (!Number.isFinite(serverMs)) return;
      const uncertainMs = (receivedMs - sentMs) / 2;
      // The server read its clock somewhere between the two; the middle is wrong by half of it at most.
      const aheadMs = wallMs - uncertainMs - serverMs;
      if (!best || uncertainMs < best.uncertainMs)
        best = { serverMs: serverMs + uncertainMs, monotonicMs: receivedMs, aheadMs, uncertainMs };
    }
    if (best) this.#adopt(best);
  }

  #adopt(sample: Sample): void {
    const wallMs = Date.now() - (performance.now() - sample.monotonicMs);
    const last = this.#last;
    if (last) {
      const expectedMs = last.serverMs + sample.monotonicMs - last.monotonicMs;
      // What the new look cannot tell from the earlier one moves nothing: time does not jump by a slow answer.
      if (Math.abs(expectedMs - sample.serverMs) <= sample.uncertainMs + 1)
        sample = { ...sample, serverMs: expectedMs };
    }
    this.#last = { ...sample, wallMs };
  }
}
