import type { AppendResult } from './eventWriter.ts';

/**
 * Decides when an attempt's `started` is written. A first delivery holds it back for some milliseconds, so that a
 * short task costs one event. Everything that has to follow it (progress, log lines, a cancel) opens the gate earlier.
 */
export class StartedGate {
  readonly #write: () => Promise<AppendResult>;
  #timer: NodeJS.Timeout | undefined;
  #written: Promise<AppendResult> | undefined;
  #closed = false;

  /**
   * @param holdMs milliseconds that it may be held back; 0 writes it at once
   * @param write appends the event
   */
  constructor(holdMs: number, write: () => Promise<AppendResult>) {
    this.#write = write;
    if (holdMs > 0) this.#timer = setTimeout(() => void this.open(), holdMs);
    else void this.open();
  }

  /** Writes it now, if it is not written yet. Resolves with how that ended; `superseded` once the gate is closed. */
  open(): Promise<AppendResult> {
    clearTimeout(this.#timer);
    if (!this.#written) {
      if (this.#closed) return Promise.resolve('superseded');
      this.#written = this.#write();
      // It is no fault that nothing awaits it.
      this.#written.catch(() => {});
    }
    return this.#written;
  }

  /**
   * Ends the gate: from now on `started` is not written.
   * @returns whether its writing had begun before
   */
  close(): boolean {
    clearTimeout(this.#timer);
    this.#closed = true;
    return this.#written !== undefined;
  }
}
