import { type Broker, encode, readCommand } from '@longhaul/broker';
import { type CancelReply, cancelRequestSchema } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import { AttemptAborted } from '../handler/abort.ts';
import type { AppendResult } from './eventWriter.ts';

/** The cancel of one attempt: aborts the handler's signal at once, and is written to the task's event log. */
export class AttemptCancel {
  readonly #abort: AbortController;
  readonly #writeStopping: (reason: string | undefined) => Promise<AppendResult | undefined>;
  readonly #recorded = Promise.withResolvers<void>();
  #reason: string | undefined;

  /**
   * @param abort the controller of the handler's signal
   * @param writeStopping appends `stopping`. Resolves with `undefined` where the attempt does not execute yet: then its
   *   last event records the cancel. Never rejects
   */
  constructor(
    abort: AbortController,
    writeStopping: (reason: string | undefined) => Promise<AppendResult | undefined>,
  ) {
    this.#abort = abort;
    this.#writeStopping = writeStopping;
    // It is no fault that nothing awaits it.
    this.#recorded.promise.catch(() => {});
  }

  /** Whether the attempt ends because its task was canceled: by a request, or by a `stopping` in the log. */
  get isCanceled(): boolean {
    const reason: unknown = this.#abort.signal.reason;
    return reason instanceof AttemptAborted && reason.code === 'CANCELED';
  }

  /** The caller's reason, if it gave one. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /**
   * Aborts the handler's signal at once. Resolves when the cancel is in the event log, or the task has ended.
   * @throws Error when the attempt is over and the task is not: then the cancel is not in the log
   */
  async request(reason: string | undefined): Promise<void> {
    if (!this.#abort.signal.aborted) {
      this.#reason = reason;
      const why = reason === undefined ? '' : `: ${reason}`;
      this.#abort.abort(new AttemptAborted('CANCELED', `The task was canceled${why}.`));
      void this.#record();
    }
    await this.#recorded.promise;
  }

  /** The attempt is over. Confirms a cancel only where it is in the log: else the task may run again. */
  end(hasTaskEnded: boolean): void {
    if (hasTaskEnded) this.#recorded.resolve();
    else this.#recorded.reject(new Error('The attempt is over, and the task is not.'));
  }

  /** A refusal needs no handling here: the attempt's last event meets it again. */
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
  /** Aborts the handler. Resolves when the cancel is in the event log, so that it outlives this executor. */
  readonly onCancel: (reason: string | undefined) => Promise<void>;
};

/**
 * Answers `tasks.cancel.<id>` as long as this executor has the task. The answer means that the handler's signal is
 * aborted and `stopping` is in the event log; the event `canceled` means that the handler has ended.
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
          logger.warn({ err, taskId }, 'the cancel could not be written; the gateway writes it instead'),
        );
    },
  });
  return { stop: () => subscription.unsubscribe() };
}
