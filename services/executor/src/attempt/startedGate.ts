import type { AppendResult } from './eventWriter.ts';

/**
 * Decides when an attempt's `started` is written. A first delivery holds it back for some milliseconds, so that a
 * short task costs one event; whatever has to follow it (progress, log, a cancel) brings it forward.
 */
export class StartedGate {
  readonly #write: () => Promise<AppendResult>;
  #timer: NodeJS.Timeout | undefined;
  #written: Promise<AppendResult> | undefined;
  #closed = false;

  /**
   * @param holdMs how long it may wait; 0 writes at once
   * @param write appends the event
   */
  constructor(holdMs: number, write: () => Promise<AppendResult>) {
    this.#write = write;
    if (holdMs > 0) this.#timer = setTimeout(() => void this.open(), holdMs);
    else void this.open();
  }

  /** Writes it now, if it is not written yet; resolves with how that ended. Closed: the attempt is over. */
  open(): Promise<AppendResult> {
    clearTimeout(this.#timer);
    if (!this.#written) {
      if (this.#closed) return Promise.resolve('superseded');
      this.#written = this.#write();
      // Whoever needs it awaits it; that nobody does is no fault.
      this.#written.catch(() => {});
    }
    return this.#written;
  }

  /** Never writes it, unless that has already begun. Tells whether it has. */
  close(): boolean {
    clearTimeout(this.#timer);
    this.#closed = true;
    return this.#written !== undefined;
  }
}
