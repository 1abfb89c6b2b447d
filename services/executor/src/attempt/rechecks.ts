/** How many event logs are read at once: of one executor, beside those of all others. */
const atOnce = 16;

/** An attempt that can read in its event log whether it still counts. */
export type Checked = { readonly recheck: () => Promise<void> };

/**
 * Has attempts read their event logs soon: those of an executor after a reconnection, and each whose request was
 * delivered again. Only a few read at a time, and one that waits for its turn already is not added once more: however
 * often everything is delivered again, there are no more reads under way than the server answers in a moment, and
 * heartbeats and progress get through between them.
 */
export class Rechecks {
  readonly #waiting = new Set<Checked>();
  #running = 0;

  /** Has an attempt's log read in its turn. */
  soon(attempt: Checked): void {
    this.#waiting.add(attempt);
    while (this.#running < atOnce && this.#waiting.size > 0) void this.#runSome();
  }

  async #runSome(): Promise<void> {
    this.#running += 1;
    try {
      for (const attempt of this.#waiting) {
        this.#waiting.delete(attempt);
        // What goes wrong, the next event that the attempt writes shows as well.
        await attempt.recheck().catch(() => {});
      }
    } finally {
      this.#running -= 1;
    }
  }
}
