import type { Broker } from '@longhaul/broker';

/** A queue that sees fewer tasks than this is left alone. */
const afterTasks = 20;
const everyMs = 10_000;
/** Several placeholders long, so that there always is one in the newest file of a busy queue. */
const keptFor = '60s';

/**
 * Keeps a message in the work queue while tasks come and go, so that the queue does not become empty with each of them.
 * With the last message of a file, nats-server (2.15) removes that file, and makes another for the next message: two
 * changes to the file system a task, both while the stream is locked, wherever tasks come one by one.
 *
 * Nobody takes the message, and it expires. That it is lost, or published twice, does not matter.
 */
export class Placeholder {
  readonly #broker: Broker;
  #started = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** A task was put on the queue. */
  taskStarted(nowMs: number): void {
    this.#started += 1;
    if (this.#started < afterTasks || nowMs - this.#lastMs < everyMs) return;
    this.#started = 0;
    this.#lastMs = nowMs;
    const { acked, topology } = this.#broker;
    acked.publish(topology.subjects.placeholder, new Uint8Array(), { ttl: keptFor }).catch(() => {});
  }
}
