import type { Broker } from '@longhaul/broker';

/** After how many started tasks a placeholder is published. */
const afterTasks = 20;
const everyMs = 10_000;
/** Several intervals long, so that the newest file of a busy queue always contains a placeholder. */
const keptFor = '60s';

/**
 * Keeps a message in the work queue while tasks are started and end, so that the queue does not become empty with each of
 * them. When the last message of a file is removed, nats-server (2.15) deletes that file and creates another one for the
 * next message: two changes to the file system per task, both while the stream is locked.
 *
 * No consumer receives the message, and it expires. Losing it or publishing it twice does no harm.
 */
export class Placeholder {
  readonly #broker: Broker;
  #started = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Counts a task that was put into the queue. */
  taskStarted(nowMs: number): void {
    this.#started += 1;
    if (this.#started < afterTasks || nowMs - this.#lastMs < everyMs) return;
    this.#started = 0;
    this.#lastMs = nowMs;
    const { acked, topology } = this.#broker;
    acked.publish(topology.subjects.placeholder, new Uint8Array(), { ttl: keptFor }).catch(() => {});
  }
}
