import { type Broker, nextEntry } from '@longhaul/broker';
import type { StoredEvent, TaskAddress } from '@longhaul/proto/wire';

/** How many of a task's log and progress events are not stored any more: the earliest of each kind. */
export type Dropped = { readonly log: number; readonly progress: number };

/**
 * Counts for one watcher what the limits of the stream have dropped. Of each kind that is always the earliest, and each
 * such event carries its ordinal over the whole task, so the first one that is left says exactly how many there were.
 */
export class DroppedEvents {
  readonly #broker: Broker;
  readonly #task: TaskAddress;
  readonly #fromSeq: number;
  /** The ordinal of the last event of each kind that the watcher has passed. */
  readonly #passed: { log?: number; progress?: number } = {};
  #dropped: Dropped = { log: 0, progress: 0 };

  /** @param fromSeq where the watcher began: 0 is before the first event */
  constructor(broker: Broker, task: TaskAddress, fromSeq: number) {
    this.#broker = broker;
    this.#task = task;
    this.#fromSeq = fromSeq;
  }

  /** Takes note of the watcher's next event. @returns the counts, where more was dropped than was told before */
  async before({ event }: StoredEvent): Promise<Dropped | undefined> {
    if (event.type !== 'log' && event.type !== 'progress') return undefined;
    const { type, ordinal } = event;
    const passed = this.#passed[type];
    this.#passed[type] = ordinal;
    if (ordinal === (passed ?? 0) + 1) return undefined;
    // Of a watcher that resumes somewhere in the middle, what it has seen before may be stored still.
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
