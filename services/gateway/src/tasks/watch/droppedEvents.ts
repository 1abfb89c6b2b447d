import { type Broker, nextEntry } from '@longhaul/broker';
import type { StoredEvent, TaskAddress } from '@longhaul/proto/wire';

/** How many log and progress events of a task were dropped: the earliest of each kind. */
export type Dropped = { readonly log: number; readonly progress: number };

/**
 * Counts for one watcher the events that limits have dropped. Those are always the earliest of a kind, and each event has
 * its ordinal in the whole task, so the first remaining event shows exactly how many were dropped.
 */
export class DroppedEvents {
  readonly #broker: Broker;
  readonly #task: TaskAddress;
  readonly #fromSeq: number;
  /** The ordinal of the last event of each kind that the watcher has received. */
  readonly #passed: { log?: number; progress?: number } = {};
  #dropped: Dropped = { log: 0, progress: 0 };

  /** @param fromSeq where the watcher started; 0 is before the first event */
  constructor(broker: Broker, task: TaskAddress, fromSeq: number) {
    this.#broker = broker;
    this.#task = task;
    this.#fromSeq = fromSeq;
  }

  /** Processes the watcher's next event. @returns the counts, if more events were dropped than reported before */
  async before({ event }: StoredEvent): Promise<Dropped | undefined> {
    if (event.type !== 'log' && event.type !== 'progress') return undefined;
    const { type, ordinal } = event;
    const passed = this.#passed[type];
    this.#passed[type] = ordinal;
    if (ordinal === (passed ?? 0) + 1) return undefined;
    // Events that a resuming watcher has received before may still be stored.
    const first = passed === undefined && this.#fromSeq > 0 ? await this.#firstLeft(type) : ordinal;
    if (first - 1 <= this.#dropped[type]) return undefined;
    this.#dropped = { ...this.#dropped, [type]: first - 1 };
    return this.#dropped;
  }

  async #firstLeft(kind: 'log' | 'progress'): Promise<number> {
    const subject = this.#broker.topology.subjects.event(this.#task, kind);
    const event = (await nextEntry(this.#broker, subject, 1))?.stored?.event;
    return event && 'ordinal' in event ? event.ordinal : 1;
  }
}
