/**
 * Limits the bytes of concurrent work. Further work waits in order. Work that is larger than the whole budget runs alone.
 */
export class ByteBudget {
  readonly #budgetBytes: number;
  #usedBytes = 0;
  readonly #waiting: { readonly bytes: number; readonly begin: () => void }[] = [];

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  /** Runs the work when its bytes fit, and returns its result. */
  async spend<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>(begin => {
      this.#waiting.push({ bytes, begin });
      this.#beginNext();
    });
    try {
      return await work();
    } finally {
      this.#usedBytes -= bytes;
      this.#beginNext();
    }
  }

  #beginNext(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (this.#usedBytes > 0 && this.#usedBytes + next.bytes > this.#budgetBytes) return;
      this.#waiting.shift();
      this.#usedBytes += next.bytes;
      next.begin();
    }
  }
}
