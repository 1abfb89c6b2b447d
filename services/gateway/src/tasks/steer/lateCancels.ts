import { isUnavailable } from '@longhaul/broker';
import { type CancelOutcome, GatewayError, isTerminal, type TaskRecord } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import { unreadForMs } from './unreadDelivery.ts';

/**
 * Cancels that wait for an executor of which nobody knows whether it is there (see `unreadDelivery`). An executor that is
 * well ends its task within milliseconds; where none does, the task is ended here, once every executor that could have
 * begun it has either subscribed to cancels or counts as lost. Asked again until the task has ended.
 *
 * In memory alone: where this gateway dies as well, the request is delivered again to an executor, which ends the task; and
 * a request that is not on the queue any more is found when a gateway starts (`LostRequests`).
 */
export class LateCancels {
  readonly #logger: Logger;
  readonly #cancel: (task: TaskRecord, reason: string | undefined) => Promise<CancelOutcome>;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #isStopped = false;

  /** @param cancel cancels a task for which so much time has passed */
  constructor(
    logger: Logger,
    cancel: (task: TaskRecord, reason: string | undefined) => Promise<CancelOutcome>,
  ) {
    this.#logger = logger;
    this.#cancel = cancel;
  }

  /** Looks after the task later, and again until it has ended. */
  add(task: TaskRecord, reason: string | undefined): void {
    if (this.#isStopped || this.#timers.has(task.id)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(task.id);
      void this.#tryAgain(task, reason);
    }, unreadForMs).unref();
    this.#timers.set(task.id, timer);
  }

  async #tryAgain(task: TaskRecord, reason: string | undefined): Promise<void> {
    try {
      if (isTerminal((await this.#cancel(task, reason)).status)) return;
    } catch (err) {
      if (!isUnavailable(err) && !(err instanceof GatewayError))
        this.#logger.error({ err, taskId: task.id }, 'a cancel could not be finished; trying again');
    }
    this.add(task, reason);
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
