import { type Broker, encode, readCommand } from '@longhaul/broker';
import { type CancelReply, cancelRequestSchema } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import { AttemptAborted } from '../handler/abort.ts';
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

/** What the listener needs to answer a cancel. */
export type CancelListenerOptions = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly taskId: string;
  readonly executor: string;
  readonly attempt: () => number;
  /** Tells the handler; resolves when the cancel is in the chain, so that it outlives this executor. */
  readonly onCancel: (reason: string | undefined) => Promise<void>;
};

/**
 * Answers `tasks.cancel.<id>` as long as this executor has the task. The answer says that the handler was told and
 * that `stopping` is in the chain; the `canceled` event says that the handler has ended.
 */
export function listenForCancel(options: CancelListenerOptions): { stop(): void } {
  const { broker, logger, taskId, executor } = options;
  const subscription = broker.nc.subscribe(broker.topology.subjects.cancel(taskId), {
    callback: (error, message) => {
      if (error) {
        logger.error({ err: error, taskId }, 'the subscription to cancels failed');
        return;
      }
      const request = readCommand(broker, logger, cancelRequestSchema, message, ['gateway']);
      if (!request) return;
      const reply: CancelReply = { v: 1, accepted: true, executor, attempt: options.attempt() };
      options
        .onCancel(request.reason)
        .then(() => message.respond(encode(reply)))
        .catch((err: unknown) =>
          logger.warn({ err, taskId }, 'the cancel could not be recorded; the gateway does it'),
        );
    },
  });
  return { stop: () => subscription.unsubscribe() };
}
