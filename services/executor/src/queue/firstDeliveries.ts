import type { Broker } from '@longhaul/broker';
import { beginsUnreadMs } from '@longhaul/proto/wire';
import type { RequestMessage } from './requestMessage.ts';

/** How far the clocks of two servers of a cluster, and what is known of them here, may be apart. */
const clockSlackMs = 250;
/** After a failure the stream is looked at again this much later; everything is read meanwhile. */
const retryMs = 1_000;

/**
 * Tells the first deliveries of requests whose event log must be empty, so that it need not be read (see
 * `claimFirstDelivery`). "Delivery 1" alone says little: a consumer that was deleted and created again counts from 1,
 * and so does a server that was killed before it had written down what it delivered. So all of this has to be:
 *
 * - The gateway says that it is the first publish of a new id (`firstPublishHeader`): no earlier request can have been
 *   delivered, run, canceled or ended.
 * - It was stored after this executor last had a reason to look at the stream: its start, a new connection, a refused
 *   pull, an advisory that a stream or consumer is gone, or a delivery whose number is not above the ones before. So
 *   what a consumer delivers again that has forgotten its deliveries is read.
 * - It is not older than `beginsUnreadMs`. That bounds what none of these signs shows; and since it is less than
 *   `ack_wait`, no other executor can have been given it while this process stood still.
 *
 * What is left: a consumer is deleted and created again within a second of a start, and this executor had no pull open
 * on it and did not hear of it. Then a second handler begins, and ends when its first event is refused: after
 * `holdStartedMs`.
 */
export class FirstDeliveries {
  readonly #broker: Broker;
  /** Requests behind this sequence were stored after the last doubt. `undefined`: everything is read. */
  #after: number | undefined;
  /** The highest delivery of each consumer. */
  readonly #highest = new Map<string, number>();
  #doubts = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Everything that is stored by now is read from here on. */
  renew(): void {
    this.#after = undefined;
    this.#doubts += 1;
    this.#highest.clear();
    void this.#look(this.#doubts);
  }

  async #look(doubt: number): Promise<void> {
    const { jsm, topology } = this.#broker;
    clearTimeout(this.#timer);
    try {
      const { state } = await jsm.streams.info(topology.requestStream);
      // A doubt that came meanwhile may be about what was stored after this answer.
      if (doubt === this.#doubts) this.#after = state.last_seq;
    } catch {
      if (doubt !== this.#doubts || this.#isStopped) return;
      this.#timer = setTimeout(() => void this.#look(doubt), retryMs).unref();
    }
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** To be called with every delivery, in the order in which they arrive. */
  delivered({ consumer, consumerSeq }: RequestMessage): void {
    // A consumer numbers its deliveries, and one inbox gets them in that order.
    if (consumerSeq <= (this.#highest.get(consumer) ?? 0)) this.renew();
    this.#highest.set(consumer, consumerSeq);
  }

  /** Whether nobody else can have been given the request, and nothing can be in its task's event log. */
  isFirst({ deliveries, isFirstPublish, streamSeq, storedAtMs }: RequestMessage): boolean {
    if (deliveries !== 1 || !isFirstPublish) return false;
    if (this.#after === undefined || streamSeq <= this.#after) return false;
    const ageMs = this.#broker.clock.nowMs() - storedAtMs;
    return ageMs >= -clockSlackMs && ageMs <= beginsUnreadMs;
  }
}
