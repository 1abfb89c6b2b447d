import { ackWaitMs } from '@longhaul/proto/wire';

/** How often NATS is asked for an answer. A round trip that takes longer holds heartbeats back until its answer. */
export const askEveryMs = 500;
/** A question that has no answer after so many turns may have been lost with its connection: another one is asked. */
const askAgainAfter = 4;

/** What a {@link LinkWatch} needs. */
export type LinkWatchOptions = {
  /** Asks NATS for an answer, over the connection that carries the heartbeats. */
  readonly ask: () => Promise<void>;
  /** NATS answers again, after at least one turn without an answer. */
  readonly onHeard: (wasCutOff: boolean) => void;
  /** For `ackWaitMs` there was no answer: the server may have given every task to another executor. */
  readonly onCutOff: () => void;
};

/**
 * Knows whether NATS answers this executor.
 *
 * An executor that is not heard loses its tasks by itself: no heartbeat arrives. One that is heard and hears nothing (a
 * fault of one direction) would keep its tasks for ever, and its pulls would take new ones that it never gets. So
 * heartbeats and pulls are sent only while NATS answers.
 *
 * It counts turns and not time: a process whose event loop was blocked, or that was suspended, reads the answers that
 * came meanwhile before its next turn.
 */
export class LinkWatch {
  readonly #options: LinkWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Turns since the question that waits for its answer; `undefined`: none waits. */
  #waited: number | undefined;
  /** The number of the newest question: the answer to an earlier one counts as well, but closes only its own. */
  #asked = 0;
  /** Turns in a row without an answer. */
  #missed = 0;

  constructor(options: LinkWatchOptions) {
    this.#options = options;
  }

  /** Whether NATS has answered the last question in time. */
  get isHeard(): boolean {
    return this.#missed === 0;
  }

  /** Whether it has not answered for so long that other executors may run the tasks. */
  get isCutOff(): boolean {
    return this.#missed * askEveryMs >= ackWaitMs;
  }

  start(): void {
    this.#timer = setInterval(() => this.turn(), askEveryMs);
    this.turn();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** One turn: counts an answer that is missing, or asks the next question. */
  turn(): void {
    if (this.#waited !== undefined) {
      this.#waited += 1;
      const wasCutOff = this.isCutOff;
      this.#missed += 1;
      if (this.isCutOff && !wasCutOff) this.#options.onCutOff();
      if (this.#waited < askAgainAfter) return;
    }
    this.#waited = 0;
    this.#asked += 1;
    const asked = this.#asked;
    this.#options.ask().then(
      () => this.#heard(asked),
      () => {
        // The connection was lost: the next turn counts that, and asks on the next connection.
        if (asked === this.#asked) this.#waited = askAgainAfter;
      },
    );
  }

  #heard(asked: number): void {
    if (asked === this.#asked) this.#waited = undefined;
    const { isHeard: wasHeard, isCutOff: wasCutOff } = this;
    this.#missed = 0;
    if (!wasHeard) this.#options.onHeard(wasCutOff);
  }
}
