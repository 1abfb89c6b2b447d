import { AttemptAborted } from './abortReasons.ts';
import type { AppendResult } from './eventWriter.ts';

/** The cancel of one attempt: told to the handler at once, and written to the task's chain. */
export class AttemptCancel {
  readonly #abort: AbortController;
  readonly #writeStopping: (reason: string | undefined) => Promise<AppendResult | undefined>;
  readonly #recorded = Promise.withResolvers<void>();
  #reason: string | undefined;

  /**
   * @param abort what the handler's signal belongs to
   * @param writeStopping appends the event, where the attempt has come so far that it can; `undefined`: it has not, and
   *   its last event will say so. Never rejects
   */
  constructor(
    abort: AbortController,
    writeStopping: (reason: string | undefined) => Promise<AppendResult | undefined>,
  ) {
    this.#abort = abort;
    this.#writeStopping = writeStopping;
    // Nobody may be waiting for it.
    this.#recorded.promise.catch(() => {});
  }

  /** Whether the attempt ends because its task was canceled, by whomever it was told. */
  get isCanceled(): boolean {
    const reason: unknown = this.#abort.signal.reason;
    return reason instanceof AttemptAborted && reason.code === 'CANCELED';
  }

  /** Why, as far as it was said. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /**
   * Tells the handler at once. Resolves when the chain says so too, or the task has ended.
   * @throws Error when the attempt is over and the task is not: the cancel is not in the chain then
   */
  async tell(reason: string | undefined): Promise<void> {
    if (!this.#abort.signal.aborted) {
      this.#reason = reason;
      const why = reason === undefined ? '' : `: ${reason}`;
      this.#abort.abort(new AttemptAborted('CANCELED', `The task was canceled${why}.`));
      void this.#record();
    }
    await this.#recorded.promise;
  }

  /** The attempt is over. Whoever waits for the cancel is told so only where it is in the chain: else the task may run again. */
  end(hasTaskEnded: boolean): void {
    if (hasTaskEnded) this.#recorded.resolve();
    else this.#recorded.reject(new Error('The attempt is over, and the task is not.'));
  }

  /** A refusal is met again by the attempt's last event. */
  async #record(): Promise<void> {
    const result = await this.#writeStopping(this.#reason);
    if (result !== undefined && result !== 'superseded') this.#recorded.resolve();
  }
}
