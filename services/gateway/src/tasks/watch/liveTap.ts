import type { LogEntry } from '@longhaul/broker';

/** A live event, or a message that is none, and its predecessor: the sequence of the task's event of any kind before it. */
export type LiveItem = {
  readonly entry: LogEntry;
  /** Infinite: it does not say, so that something may have been missed. */
  readonly previous: number;
  /** How large it was on the wire. Default: next to nothing. */
  readonly bytes?: number;
};

/** What a watcher does next: take an event, or read the stream because something may have been missed. */
export type TapStep = LiveItem | 'refill' | 'closed';

/**
 * How many live events wait for a watcher that does not take them. Beyond it they are let go, and the watcher reads
 * them from the stream once it is ready: a slow reader costs this much memory and loses nothing.
 */
export const tapCapacity = 256;
/** And how many bytes of them: an event can have 256 KiB. */
export const tapCapacityBytes = 1024 * 1024;
/** After so long without an event a watcher looks into the stream: the very last event has no successor to show a hole. */
export const idleCheckMs = 15_000;

/** One watcher's place at a live subject. */
export class LiveTap {
  readonly #onClose: () => void;
  #items: LiveItem[] = [];
  #bytes = 0;
  #missed = false;
  #closed = false;
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
    }
    this.#wake?.();
  }

  /** Something was, or may have been, missed. */
  missed(): void {
    this.#items = [];
    this.#bytes = 0;
    this.#missed = true;
    this.#wake?.();
  }

  /** Waits for the next step; `closed` when the signal is aborted, so that no wait outlives its client. */
  async next(signal: AbortSignal): Promise<TapStep> {
    if (!this.#missed && this.#items.length === 0) {
      const wentIdle = await this.#wait(signal);
      if (wentIdle) return 'refill';
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
      const end = (wentIdle: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onWake);
        this.#wake = undefined;
        resolve(wentIdle);
      };
      const onWake = () => end(false);
      const timer = setTimeout(() => end(true), idleCheckMs);
      this.#wake = onWake;
      signal.addEventListener('abort', onWake, { once: true });
      if (signal.aborted || this.#closed) onWake();
    });
  }
}
