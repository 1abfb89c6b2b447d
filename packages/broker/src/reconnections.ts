import { errors, type NatsConnection } from '@nats-io/transport-node';

/** How soon after a reconnection of this process all others can be expected to be back as well, in milliseconds. */
const othersBackMs = 3_000;
/** The same after its first connection: others are missing only if NATS was started a moment ago as well. */
const othersThereMs = 1_000;

/** An error of an answer that cannot come, which `isUnavailable` accepts. */
type OnLost = (error: Error) => void;

/**
 * Ends what waits for an answer that cannot come any more, since waiting on would only use up the time limit: 5 s in which
 * a task stands still though NATS is back. What was asked may have taken effect, or may do so still: as after a time limit,
 * only NATS can tell.
 *
 * - The connection was replaced. The answer went to the earlier one, and the client drops what it could not send by then.
 * - A stream has another leader. What the earlier one was sent and had not passed on is answered by nobody.
 */
export class Reconnections {
  readonly #listening = new Set<OnLost>();
  readonly #waiting = new Set<OnLost>();

  #othersBackAtMs = performance.now() + othersThereMs;

  constructor(nc: NatsConnection) {
    void this.#follow(nc);
  }

  /**
   * How long it may take still until other processes are connected, in milliseconds. When a server comes back, each of
   * them connects a moment earlier or later, so until then it means nothing that one is not there. 0: they should be.
   */
  get othersBackInMs(): number {
    return Math.max(0, this.#othersBackAtMs - performance.now());
  }

  /** Has a listener called at each reconnection. @returns ends it */
  onReconnect(listener: OnLost): () => void {
    this.#listening.add(listener);
    return () => void this.#listening.delete(listener);
  }

  /** Has a listener called whenever answers cannot come any more. @returns ends it */
  onAnswersLost(listener: OnLost): () => void {
    this.#waiting.add(listener);
    return () => void this.#waiting.delete(listener);
  }

  /** To be called when a stream has another leader. */
  leaderElected(): void {
    const error = new errors.ConnectionError('A stream has elected another leader before an answer came.');
    for (const fail of [...this.#waiting]) fail(error);
  }

  /** What is asked, or a ConnectionError as soon as its answer cannot come any more. */
  async answerOf<T>(asked: Promise<T>): Promise<T> {
    const lost = Promise.withResolvers<never>();
    const stop = this.onAnswersLost(lost.reject);
    try {
      return await Promise.race([asked, lost.promise]);
    } finally {
      stop();
    }
  }

  async #follow(nc: NatsConnection): Promise<void> {
    for await (const { type } of nc.status()) {
      if (type !== 'reconnect') continue;
      this.#othersBackAtMs = performance.now() + othersBackMs;
      const error = new errors.ConnectionError('The connection was replaced before an answer came.');
      for (const fail of [...this.#waiting, ...this.#listening]) fail(error);
    }
  }
}
