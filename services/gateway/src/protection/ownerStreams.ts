import { GatewayError } from '@longhaul/proto/wire';

/** Counts the streams, WebSockets and waiting calls of each owner, since each takes memory while it is open. */
export class OwnerStreams {
  readonly #limit: number;
  readonly #byOwner = new Map<string, number>();
  #open = 0;

  /** @param limit how many an owner may have open at once */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many streams of all owners are open. */
  get open(): number {
    return this.#open;
  }

  /**
   * Acquires a permit. Disposing of the permit releases it; disposing of it again changes nothing.
   * @throws GatewayError TOO_MANY_STREAMS
   */
  acquire(owner: string, kind: 'stream' | 'webSocket' | 'wait' = 'stream'): Disposable {
    const count = this.#byOwner.get(owner) ?? 0;
    if (count >= this.#limit) {
      throw new GatewayError(
        'TOO_MANY_STREAMS',
        `You have ${count} streams, WebSockets and waiting calls open at this gateway, which is the limit. Close those that are not used, or watch many tasks in one stream.`,
      );
    }
    this.#byOwner.set(owner, count + 1);
    const counts = kind === 'stream' ? 1 : 0;
    this.#open += counts;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#open -= counts;
        const left = (this.#byOwner.get(owner) ?? 1) - 1;
        if (left === 0) this.#byOwner.delete(owner);
        else this.#byOwner.set(owner, left);
      },
    };
  }
}
