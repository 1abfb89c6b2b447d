import { GatewayError } from '@longhaul/proto/wire';

/** What an owner has open for long: streams, WebSockets and calls that wait, each of which costs memory meanwhile. */
export class OwnerStreams {
  readonly #limit: number;
  readonly #byOwner = new Map<string, number>();
  #open = 0;

  /** @param limit how many an owner may have open */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many streams are open, of localAdministrator's. */
  get open(): number {
    return this.#open;
  }

  /**
   * Takes a place; disposing of it gives it back, once however often it is done.
   * @throws GatewayError TOO_MANY_STREAMS
   */
  take(owner: string, kind: 'stream' | 'webSocket' | 'wait' = 'stream'): Disposable {
    const count = this.#byOwner.get(owner) ?? 0;
    if (count >= this.#limit) {
      throw new GatewayError(
        'TOO_MANY_STREAMS',
        `You have ${count} streams, WebSockets and waiting calls open at this gateway, as many as an owner may. Close those that nobody reads, or watch many tasks in one stream.`,
      );
    }
    this.#byOwner.set(owner, count + 1);
    const counts = kind === 'stream' ? 1 : 0;
    this.#open += counts;
    let isTaken = true;
    return {
      [Symbol.dispose]: () => {
        if (!isTaken) return;
        isTaken = false;
        this.#open -= counts;
        const left = (this.#byOwner.get(owner) ?? 1) - 1;
        if (left === 0) this.#byOwner.delete(owner);
        else this.#byOwner.set(owner, left);
      },
    };
  }
}
