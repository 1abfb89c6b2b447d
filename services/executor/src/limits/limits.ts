import {
  type Broker,
  isUnavailable,
  LimitStore,
  type PermitOutcome,
  PermitPool,
  readCommand,
  sendCommand,
} from '@longhaul/broker';
import type { RateLimit } from '@longhaul/proto';
import { type Freed, freedSchema, type RequiredPermit, takeTurn } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import type { WaitQueue } from './waitQueue.ts';

/** A task with limits across executors. */
export type LimitedTask = {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly attempt: number;
  readonly wanted: readonly RequiredPermit[];
  readonly rate: RateLimit | undefined;
  /** See `rankOf`. */
  readonly rank: number;
};

/** Whether a task has all its permits, or what it waits for. */
export type Acquisition =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** The record of the limit. */
      readonly limit: string;
      /** Whether the limit is one for all tasks of the type. */
      readonly isOfType: boolean;
      /** Whether it is in the limit's wait queue. Where too many wait, it is not. */
      readonly isQueued: boolean;
      /** When the limit admits it, in milliseconds since the epoch, where that is known. */
      readonly atMs?: number;
      /** See `WaitQueue.wait`. */
      readonly freedCount: number;
    };

/** The holders of a full limit are checked this often at most. */
const healEveryMs = 450;

/**
 * Acquires and releases the permits of one executor's tasks. Invariant 7, limits-hold: a handler is called only while
 * its task is a holder in the record of each of its limits, and it is removed only when the handler has ended.
 */
export class Limits {
  readonly waitQueue: WaitQueue;
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #executor: string;
  readonly #store: LimitStore;
  readonly #pool: PermitPool;

  constructor(broker: Broker, logger: Logger, executor: string, waitQueue: WaitQueue) {
    this.waitQueue = waitQueue;
    this.#broker = broker;
    this.#logger = logger;
    this.#executor = executor;
    this.#store = new LimitStore(broker);
    this.#pool = new PermitPool(broker, this.#store, {
      healEveryMs,
      onHealed: (limit, over) =>
        logger.info(
          { limit, over },
          'permits of a limit were held by tasks that are over, and are free again',
        ),
      onFree: limit => {
        const freed: Freed = { v: 1, limit };
        sendCommand(broker, broker.topology.subjects.limitFreed, freed);
      },
    });
  }

  /** Listens for permits that become free, until it is stopped. */
  listen(): { stop(): void } {
    const subject = this.#broker.topology.subjects.limitFreed;
    const subscription = this.#broker.nc.subscribe(subject, {
      callback: (error, message) => {
        if (error) return this.#logger.error({ err: error }, 'the subscription to free permits failed');
        const freed = readCommand(this.#broker, this.#logger, freedSchema, message, ['executor']);
        if (freed) this.waitQueue.notifyFreed(freed.limit);
      },
    });
    return { stop: () => subscription.unsubscribe() };
  }

  /**
   * Acquires a permit of each concurrency limit, and a turn of the rate limit. Of the permits that last for one attempt it
   * gets all or none.
   */
  async acquire(task: LimitedTask): Promise<Acquisition> {
    const taken: RequiredPermit[] = [];
    for (const want of task.wanted) {
      const freedCount = this.waitQueue.freedCount(want.record);
      const { isTaken, isQueued } = await this.#acquireOne(task, want);
      if (isTaken) {
        taken.push(want);
        continue;
      }
      await this.#releaseAll(task, taken, false);
      return { ok: false, limit: want.record, isOfType: want.key === undefined, isQueued, freedCount };
    }
    const atMs = task.rate && (await this.#takeTurn(task.name, task.rate));
    if (atMs === undefined) return { ok: true };
    await this.#releaseAll(task, taken, false);
    const limit = this.#broker.topology.rateKey(task.name);
    return {
      ok: false,
      limit,
      isOfType: true,
      isQueued: true,
      atMs,
      freedCount: this.waitQueue.freedCount(limit),
    };
  }

  /**
   * Releases the permits that an attempt had, or waited for. A permit that lasts for the task stays until the task has
   * ended. Never rejects: where NATS does not answer, the next task that meets the full limit finds that this one is over.
   */
  async release(task: LimitedTask, hasEnded: boolean): Promise<void> {
    await this.#releaseAll(task, task.wanted, hasEnded);
  }

  async #releaseAll(task: LimitedTask, permits: readonly RequiredPermit[], hasEnded: boolean): Promise<void> {
    const left = permits.filter(({ whenBusy }) => hasEnded || whenBusy === 'queue');
    await Promise.all(left.map(want => this.#releaseOne(task, want)));
  }

  #acquireOne({ id, name, owner, attempt, rank }: LimitedTask, want: RequiredPermit): Promise<PermitOutcome> {
    const keeps = want.whenBusy === 'reject' ? 'task' : 'attempt';
    return this.#pool.acquire(want, { id, name, owner, executor: this.#executor, attempt, keeps }, rank);
  }

  async #releaseOne(task: LimitedTask, want: RequiredPermit): Promise<void> {
    try {
      await this.#pool.release(want, task.id, this.#executor);
    } catch (err) {
      const level = isUnavailable(err) ? 'warn' : 'error';
      this.#logger[level](
        { err, taskId: task.id, limit: want.record },
        'a permit of a limit could not be released',
      );
    }
  }

  /** @returns when to ask again; `undefined` when the attempt may begin */
  #takeTurn(name: string, limit: RateLimit): Promise<number | undefined> {
    const record = this.#broker.topology.rateKey(name);
    return this.#store.changeRate(record, { v: 1, name, begun: [] }, before => {
      const { rate, answer } = takeTurn(before, limit, this.#broker.clock.nowMs());
      return { record: rate, answer: answer.taken ? undefined : answer.atMs };
    });
  }
}
