import { type Broker, type LogEntry, replayEntries } from '@longhaul/broker';
import type { StoredEvent } from '@longhaul/proto/wire';
import type { Caller } from '../../auth/caller.ts';
import { mayDo } from '../../auth/caller.ts';
import { ByteBudget } from '../read/byteBudget.ts';

/** How many events are read at a time. What fits is kept until the watcher has taken it. */
const pageEvents = 200;
/** How many pages are read at the same moment, for all watchers together. */
const pagesAtOnce = 4;

export type Page = {
  readonly events: readonly StoredEvent[];
  /** The sequence of the last event that was read. */
  readonly upTo: number;
};

/**
 * Reads the events of all tasks again, for watchers of many that come back. That costs what happened to everybody, not
 * what the caller may see of it. So it has a limit; and it is done in pages, a few at a time, one of each owner: whoever
 * opens a thousand streams with an old id waits for their own, and holds up nobody else.
 */
export class Replays {
  readonly #broker: Broker;
  readonly #limit: number;
  readonly #budget = new ByteBudget(pagesAtOnce);
  /** By owner: the end of their last page so far. */
  readonly #turns = new Map<string, Promise<void>>();

  /** @param limit how many events of everybody's may lie behind a caller's event id */
  constructor(broker: Broker, limit: number) {
    this.#broker = broker;
    this.#limit = limit;
  }

  /** Whether too much has happened since an event. To those who may see all of it, all of it is sent. */
  isTooOld(caller: Caller, seq: number, newest: number): boolean {
    return newest - seq > this.#limit && !mayDo(caller, 'seeTask');
  }

  /** What is stored behind `afterSeq`, as far as it is wanted. Nothing is held while a page is being taken. */
  async *pages(
    caller: Caller,
    afterSeq: number,
    wanted: (entry: LogEntry) => StoredEvent | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Page, void, void> {
    const { subjects } = this.#broker.topology;
    for (let seq = afterSeq; !signal.aborted; ) {
      const page = await this.#inTurn(caller.owner, async () => {
        const events: StoredEvent[] = [];
        let read = 0;
        let upTo = seq;
        // Its watcher may have left while it waited for its turn.
        if (signal.aborted) return { events, upTo, read };
        for await (const entry of replayEntries(this.#broker, subjects.allEvents, seq + 1)) {
          upTo = entry.seq;
          const stored = wanted(entry);
          if (stored) events.push(stored);
          read += 1;
          if (read === pageEvents) break;
        }
        return { events, upTo, read };
      });
      yield page;
      seq = page.upTo;
      if (page.read < pageEvents) return;
    }
  }

  async #inTurn<T>(owner: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(owner);
    const own = Promise.withResolvers<void>();
    this.#turns.set(owner, own.promise);
    try {
      await before;
      return await this.#budget.spend(1, work);
    } finally {
      own.resolve();
      // Nobody else has come meanwhile.
      if (this.#turns.get(owner) === own.promise) this.#turns.delete(owner);
    }
  }
}
