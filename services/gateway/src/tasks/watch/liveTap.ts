import type { LogEntry } from '@longhaul/broker';

/** A live message of an event log, and the sequence of its predecessor: the task's previous event of any kind. */
export type LiveItem = {
  readonly entry: LogEntry;
  /** Infinite: unknown, so that events may have been missed. */
  readonly previous: number;
  /** The size of the message. Default: 0. */
  readonly bytes?: number;
};

/** What a watcher does next: process an event, or read the stream since events may have been missed. */
export type TapStep = LiveItem | 'refill' | 'closed';

/**
 * How many live events are buffered for a slow watcher. With more, the buffer is discarded, and the watcher reads them from
 * the stream when it is ready: so a slow reader takes bounded memory and misses nothing.
 */
export const tapCapacity = 256;
/** How many bytes are buffered, since one event can have 256 KiB. */
export const tapCapacityBytes = 1024 * 1024;
/**
 * After these times without an event a watcher reads the stream, since no successor reveals the loss of the last event. The
 * first checks come early: in a cluster a subscription reaches the server that republishes a little later than a read
 * reaches the stream's leader, so an event that is stored in between is neither read nor received. A live event proves
 * that the subscription has arrived; from then on, and after the early checks, the longest time is enough.
 */
export const idleChecksMs = [250, 1_000, 4_000, 15_000] as const;

/** The live events of a subject for one watcher. */
export class LiveTap {
  readonly #onClose: () => void;
  #items: LiveItem[] = [];
  #bytes = 0;
  #missed = false;
  #closed = false;
  /** Which idle check comes next. */
  #check = 0;
  #wake: (() => void) | undefined;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  push(item: LiveItem): void {
    if (this.#missed) return;
    if (this.#items.length >= tapCapacity || this.#bytes >= tapCapacityBytes) {
      this.missed();
    } else {
      this.#items.push(item);
      this.#bytes += item.bytes ?? 0;
      this.#check = idleChecksMs.length - 1;
    }
    this.#wake?.();
  }

  /** Records that events were, or may have been, missed. */
  missed(): void {
    this.#items = [];
    this.#bytes = 0;
    this.#missed = true;
    this.#check = 0;
    this.#wake?.();
  }

  /** Waits for the next step. `closed`: the signal was aborted, so that no wait outlives its client. */
  async next(signal: AbortSignal): Promise<TapStep> {
    if (!this.#missed && this.#items.length === 0) {
      const isIdle = await this.#wait(signal);
      if (isIdle) {
        this.#check = Math.min(this.#check + 1, idleChecksMs.length - 1);
        return 'refill';
      }
    }
    if (signal.aborted || this.#closed) return 'closed';
    if (this.#missed) {
      this.#missed = false;
      return 'refill';
    }
    const item = this.#items.shift();
    this.#bytes -= item?.bytes ?? 0;
    return item ?? 'refill';
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#items = [];
    this.#wake?.();
    this.#onClose();
  }

  #wait(signal: AbortSignal): Promise<boolean> {
    return new Promise(resolve => {
      const end = (isIdle: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onWake);
        this.#wake = undefined;
        resolve(isIdle);
      };
      const onWake = () => end(false);
      const timer = setTimeout(() => end(true), idleChecksMs[this.#check]);
      this.#wake = onWake;
      signal.addEventListener('abort', onWake, { once: true });
      if (signal.aborted || this.#closed) onWake();
    });
  }
}
