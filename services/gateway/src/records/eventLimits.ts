import { type Broker, isUnavailable } from '@longhaul/broker';
import { defaultLogLinesKept, progressKept, type StoredEvent } from '@longhaul/proto/wire';
import type { Logger } from 'pino';

/** How often a kind is cut, in events of it. */
const everySoMany = 200;

/** How many events of a kind one task keeps, where that is fewer than the stream's own limit. */
type Kept = { readonly progress: number; readonly log: number | undefined };

/**
 * Keeps the limits of kinds that are shorter than the stream's limit for each subject: at every so many events of the
 * kind, the gateway that projects them has the server drop all but the last ones. Which are due is in the ordinals, so
 * it needs no memory, and what one gateway leaves undone is done with the next so many.
 *
 * (A header of the event itself could do the same, `Nats-Rollup`. But a stream that allows it lets anybody who may
 * append an event empty the whole stream: see decision 0015.)
 */
export class EventLimits {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #kept: Kept;
  /** By subject, how many are to be kept. */
  readonly #due = new Map<string, number>();
  #cutting: Promise<void> = Promise.resolve();
  #isCutting = false;

  constructor(broker: Broker, logger: Logger) {
    const { logLinesKept } = broker.topology;
    this.#broker = broker;
    this.#logger = logger;
    this.#kept = {
      progress: progressKept,
      log: logLinesKept !== undefined && logLinesKept < defaultLogLinesKept ? logLinesKept : undefined,
    };
  }

  /** Takes note of events that are folded. */
  passed(events: Iterable<StoredEvent>): void {
    for (const { id, name, event } of events) {
      if (event.type !== 'progress' && event.type !== 'log') continue;
      const kept = this.#kept[event.type];
      if (kept === undefined || event.ordinal <= kept || event.ordinal % everySoMany !== 0) continue;
      this.#due.set(this.#broker.topology.subjects.event({ id, name }, event.type), kept);
    }
    if (this.#due.size === 0 || this.#isCutting) return;
    this.#isCutting = true;
    this.#cutting = this.#cut().finally(() => {
      this.#isCutting = false;
    });
  }

  /** Resolves when nothing is due. */
  async idle(): Promise<void> {
    await this.#cutting;
  }

  /** One at a time: it is upkeep, and the server has better to do. */
  async #cut(): Promise<void> {
    const { jsm, topology } = this.#broker;
    for (const [filter, keep] of this.#due) {
      this.#due.delete(filter);
      try {
        await jsm.streams.purge(topology.eventStream, { filter, keep });
      } catch (err) {
        if (!isUnavailable(err))
          this.#logger.warn({ err, subject: filter }, 'old events could not be dropped');
      }
    }
  }
}
