/**
 * What a service has opened, closed in reverse order: the part of `AsyncDisposableStack` that services use. Node.js 22
 * has `Symbol.asyncDispose`, and not that class.
 *
 * @example
 * await using opening = new Disposables();
 * opening.defer(() => connection.close());
 * const opened = opening.move(); // everything is open: nothing is closed at the end of this block
 */
export class Disposables {
  #close: (() => unknown)[] = [];

  /** Remembers what closes a thing that was opened. Called in reverse order. */
  defer(close: () => unknown): void {
    this.#close.push(close);
  }

  /** Hands everything over to a new owner. This one then closes nothing. */
  move(): Disposables {
    const moved = new Disposables();
    moved.#close = this.#close;
    this.#close = [];
    return moved;
  }

  /**
   * Closes everything, also where closing a part fails. May be called again.
   * @throws what the first failing part threw
   */
  async disposeAsync(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.#close.pop(); close; close = this.#close.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }
}
