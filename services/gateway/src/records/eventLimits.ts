import { type Broker, isUnavailable } from '@longhaul/broker';
import { defaultLogLinesKept, progressKept, type StoredEvent } from '@longhaul/proto/wire';
import type { Logger } from 'pino';

/** After how many events of a kind the oldest ones are deleted. */
const trimEvery = 200;

/** How many events of a kind one task keeps. `undefined`: the stream's own limit applies. */
type Kept = { readonly progress: number; readonly log: number | undefined };

/**
 * Enforces limits of event kinds that are lower than the stream's limit for each subject: after every `trimEvery` events
 * of a kind, the projecting gateway purges all but the last ones. The ordinals of events show when that is due, so no
 * state is needed, and a purge that one gateway missed is done after the next `trimEvery` events.
 *
 * (The header `Nats-Rollup` of an event could do the same. But in a stream that allows it, anyone who may append an event
 * can empty the whole stream: see decision 0015.)
 */
export class EventLimits {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #kept: Kept;
  /** By subject: how many events are to be kept. */
  readonly #due = new Map<string, number>();
  #trimming: Promise<void> = Promise.resolve();
  #isTrimming = false;

  constructor(broker: Broker, logger: Logger) {
    const { logLinesKept } = broker.topology;
    this.#broker = broker;
    this.#logger = logger;
    this.#kept = {
      progress: progressKept,
      log: logLinesKept !== undefined && logLinesKept < defaultLogLinesKept ? logLinesKept : undefined,
    };
  }

  /** Processes events that were folded. */
  passed(events: Iterable<StoredEvent>): void {
    for (const { id, name, event } of events) {
      if (event.type !== 'progress' && event.type !== 'log') continue;
      const kept = this.#kept[event.type];
      if (kept === undefined || event.ordinal <= kept || event.ordinal % trimEvery !== 0) continue;
      this.#due.set(this.#broker.topology.subjects.event({ id, name }, event.type), kept);
    }
    if (this.#due.size === 0 || this.#isTrimming) return;
    this.#isTrimming = true;
    this.#trimming = this.#trim().finally(() => {
      this.#isTrimming = false;
    });
  }

  /** Resolves when no purge is under way. */
  async idle(): Promise<void> {
    await this.#trimming;
  }

  /** Purges one subject at a time, to keep the load on the server low. */
  async #trim(): Promise<void> {
    const { jsm, topology } = this.#broker;
    for (const [filter, keep] of this.#due) {
      this.#due.delete(filter);
      try {
        await jsm.streams.purge(topology.eventStream, { filter, keep });
      } catch (err) {
        if (!isUnavailable(err))
          this.#logger.warn({ err, subject: filter }, 'old events could not be purged');
      }
    }
  }
}
