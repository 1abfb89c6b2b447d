import { heartbeatMs } from '@longhaul/proto/wire';
import type { RequestMessage } from '../queue/requestMessage.ts';

/**
 * Sends the heartbeats of all requests that an executor works on, so that none is delivered to another executor. One
 * timer for all: they leave in one write, where a timer for each would make a write and a wake-up of the server for each.
 */
export class Heartbeats {
  readonly #isHeard: () => boolean;
  readonly #everyMs: number;
  readonly #working = new Set<() => RequestMessage>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param isHeard whether NATS answers: an executor that hears nothing must let its tasks go
   * @param everyMs how often. Default: `heartbeatMs`
   */
  constructor(isHeard: () => boolean, everyMs: number = heartbeatMs) {
    this.#isHeard = isHeard;
    this.#everyMs = everyMs;
  }

  /** Includes a request, until it is stopped. The first heartbeat of a new one is sent within the time of one. */
  start(message: () => RequestMessage): { stop(): void } {
    this.#working.add(message);
    this.#timer ??= setInterval(() => {
      if (this.#isHeard()) this.sendAll();
    }, this.#everyMs);
    return {
      stop: () => {
        this.#working.delete(message);
        if (this.#working.size > 0) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
      },
    };
  }

  /** Sends all of them at once: after a reconnection, before anything is read that they would have to wait behind. */
  sendAll(): void {
    for (const message of this.#working) message().heartbeat();
  }
}
