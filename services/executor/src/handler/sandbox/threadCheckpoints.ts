import { type FromThread, sharedPlaces } from './threadMessages.ts';

/** Checkpoints of a handler's thread: one that is not to pause asks nobody. */
export class ThreadCheckpoints {
  readonly #post: (message: FromThread) => void;
  readonly #signal: AbortSignal;
  readonly #shared: Int32Array;
  readonly #waiting = new Map<number, () => void>();
  #lastId = 0;

  constructor(post: (message: FromThread) => void, signal: AbortSignal, shared: Int32Array) {
    this.#post = post;
    this.#signal = signal;
    this.#shared = shared;
  }

  readonly checkpoint = async (): Promise<void> => {
    this.#signal.throwIfAborted();
    while (Atomics.load(this.#shared, sharedPlaces.toPause) === 1) {
      this.#lastId += 1;
      const id = this.#lastId;
      const passed = Promise.withResolvers<void>();
      this.#waiting.set(id, passed.resolve);
      this.#post({ kind: 'checkpoint', id });
      await passed.promise;
      this.#signal.throwIfAborted();
    }
  };

  passed(id: number): void {
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }
}
