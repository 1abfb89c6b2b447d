import { type Broker, type LogEntry, readFromLeader, replayEntries } from '@longhaul/broker';
import type { StoredEvent } from '@longhaul/proto/wire';
import type { Caller } from '../../auth/caller.ts';
import { mayDo } from '../../auth/caller.ts';
import { ByteBudget } from '../read/byteBudget.ts';

/** How many events one page reads. Matching events are buffered until the watcher has received them. */
const pageEvents = 200;
/** How many pages are read at a time, for all watchers together. */
const concurrentPages = 4;

export type Page = {
  readonly events: readonly StoredEvent[];
  /** The sequence of the last event that was read. */
  readonly upTo: number;
};

/**
 * Replays the events of all tasks for resuming watchers of many tasks. The cost depends on the events of all owners, and not
 * on those that the caller may see. So it is limited, and done in pages, a few at a time, one of each owner: an owner that
 * opens a thousand streams with an old event id delays only its own streams.
 */
export class Replays {
  readonly #broker: Broker;
  readonly #limit: number;
  readonly #budget = new ByteBudget(concurrentPages);
  /** The last queued page of each owner. */
  readonly #lastPages = new Map<string, Promise<void>>();

  /** @param limit how many events of all owners may have followed a caller's event id */
  constructor(broker: Broker, limit: number) {
    this.#broker = broker;
    this.#limit = limit;
  }

  /** Whether too many events followed an event. Callers who may see all events have no limit. */
  isTooOld(caller: Caller, seq: number, newest: number): boolean {
    return newest - seq > this.#limit && !mayDo(caller, 'seeTask');
  }

  /**
   * Reads the stored events after `afterSeq` that `wanted` selects. No budget is held while the watcher processes a page.
   *
   * @param until the last event that is known to be stored: what a lagging replica does not have of it is read from the leader
   */
  async *pages(
    caller: Caller,
    afterSeq: number,
    until: number,
    wanted: (entry: LogEntry) => StoredEvent | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Page, void, void> {
    const { subjects } = this.#broker.topology;
    for (let seq = afterSeq; !signal.aborted; ) {
      const page = await this.#inTurn(caller.owner, async () => {
        const events: StoredEvent[] = [];
        let read = 0;
        let upTo = seq;
        // The watcher may have disconnected while the page waited.
        if (signal.aborted) return { events, upTo, read };
        const take = async (entries: AsyncIterable<LogEntry>, last: number) => {
          for await (const entry of entries) {
            if (entry.seq > last) return;
            upTo = entry.seq;
            const stored = wanted(entry);
            if (stored) events.push(stored);
            read += 1;
            if (read === pageEvents) return;
          }
        };
        const { allEvents } = subjects;
        await take(replayEntries(this.#broker, allEvents, seq + 1), Number.POSITIVE_INFINITY);
        if (read < pageEvents && upTo < until)
          await take(readFromLeader(this.#broker, allEvents, upTo + 1), until);
        return { events, upTo, read };
      });
      yield page;
      seq = page.upTo;
      if (page.read < pageEvents) return;
    }
  }

  async #inTurn<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const before = this.#lastPages.get(owner);
    const own = Promise.withResolvers<void>();
    this.#lastPages.set(owner, own.promise);
    try {
      await before;
      return await this.#budget.spend(1, work);
    } finally {
      own.resolve();
      // No other page was queued in the meantime.
      if (this.#lastPages.get(owner) === own.promise) this.#lastPages.delete(owner);
    }
  }
}
