import type { NatsLink } from '../protection/natsLink.ts';
import { keepAliveMs } from '../tasks/watch/followTask.ts';

/** What a stream says between its events. `lost`, `restored`: the connection of the gateway to NATS. */
export type Notice = 'keep-alive' | 'lost' | 'restored';

const woken = Symbol('woken');

/**
 * The notices of one stream: no event came for a while, or the connection to NATS was lost or restored.
 *
 * One timer and one listener serve a stream from its beginning to its end. A listener for each event, added with the option
 * `signal` and removed by aborting it, is a leak: Node holds weakly what removes such a listener, and keeps it alive for
 * only the last one that was added to the same target. After a garbage collection, the listeners of all other streams stay
 * at the target for ever, with all that they reach.
 */
export class StreamNotices {
  readonly #link: Pick<NatsLink, 'isCutOff' | 'listen'>;
  readonly #timer: NodeJS.Timeout;
  readonly #stopListening: () => void;
  #wake: () => void = () => {};
  #isSilent = false;
  /** What the stream has reported last. */
  #isLost = false;

  constructor(link: Pick<NatsLink, 'isCutOff' | 'listen'>) {
    this.#link = link;
    this.#stopListening = link.listen(() => this.#wake());
    this.#timer = setTimeout(() => {
      this.#isSilent = true;
      this.#wake();
    }, keepAliveMs);
  }

  /** Resolves with the next event, or with a notice that comes before it. */
  async before<T>(next: Promise<T>): Promise<T | Notice> {
    this.#isSilent = false;
    this.#timer.refresh();
    for (;;) {
      // States are compared, and nothing is awaited between this and the wait: a change cannot be missed.
      if (this.#link.isCutOff !== this.#isLost) {
        this.#isLost = !this.#isLost;
        return this.#isLost ? 'lost' : 'restored';
      }
      if (this.#isSilent) return 'keep-alive';
      const waking = new Promise<typeof woken>(resolve => {
        this.#wake = () => resolve(woken);
      });
      const first = await Promise.race([next, waking]);
      if (first !== woken) return first;
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#stopListening();
  }
}
