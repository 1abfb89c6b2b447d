import {
  type Broker,
  isUnavailable,
  LimitStore,
  PermitHealing,
  readCommand,
  sendCommand,
} from '@longhaul/broker';
import type { RateLimit } from '@longhaul/proto';
import {
  acquirePermit,
  evictHolder,
  type Freed,
  freedSchema,
  noPermits,
  type PermitHolder,
  type Permits,
  type RequiredPermit,
  releasePermit,
  takeTurn,
} from '@longhaul/proto/wire';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { WaitQueue } from './waitQueue.ts';

/** A task that has limits across executors, as they look at it. */
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

/** Whether a task may begin, or what it waits for. */
export type Entry =
  | { readonly entered: true }
  | {
      readonly entered: false;
      /** The record of the limit. */
      readonly limit: string;
      /** Whether the limit is one of all the tasks of its name. */
      readonly isOfName: boolean;
      /** Whether it stands in the line: where too many wait, it does not. */
      readonly inLine: boolean;
      /** When the limit lets it through, in milliseconds since the epoch, where that is known. */
      readonly atMs?: number;
      /** See `WaitQueue.wait`. */
      readonly freedCount: number;
    };

/** Who meets a full limit looks after its holders this often at most. */
const healEveryMs = 450;
/** Of so many limits it is remembered when their holders were looked after. */
const healedMost = 1_000;

/**
 * The limits across executors, as one executor keeps to them. Invariant 7, limits-hold: a handler is called only while
 * its task stands in the record of each of its limits, and the record is left only when the handler has ended.
 */
export class Limits {
  readonly room: WaitQueue;
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #executor: string;
  readonly #store: LimitStore;
  readonly #healing: PermitHealing;
  readonly #healedAtMs = new LRUCache<string, number>({ max: healedMost });

  constructor(broker: Broker, logger: Logger, executor: string, room: WaitQueue) {
    this.room = room;
    this.#broker = broker;
    this.#logger = logger;
    this.#executor = executor;
    this.#store = new LimitStore(broker);
    this.#healing = new PermitHealing(broker);
  }

  /** Hears of permits that become free, until it is stopped. */
  listen(): { stop(): void } {
    const subject = this.#broker.topology.subjects.limitFreed;
    const subscription = this.#broker.nc.subscribe(subject, {
      callback: (error, message) => {
        if (error) return this.#logger.error({ err: error }, 'the subscription to free permits failed');
        const freed = readCommand(this.#broker, this.#logger, freedSchema, message, ['executor']);
        if (freed) this.room.freed(freed.limit);
      },
    });
    return { stop: () => subscription.unsubscribe() };
  }

  /** Takes a permit of each limit, and a turn of the rate; all or none of what lasts for the attempt alone. */
  async enter(task: LimitedTask): Promise<Entry> {
    const taken: RequiredPermit[] = [];
    for (const want of task.wanted) {
      const freedCount = this.room.freedCount(want.record);
      const { taken: isTaken, inLine } = await this.#take(task, want);
      if (isTaken) {
        taken.push(want);
        continue;
      }
      await this.#leaveAll(task, taken, false);
      return { entered: false, limit: want.record, isOfName: want.key === undefined, inLine, freedCount };
    }
    const atMs = task.rate && (await this.#takeTurn(task.name, task.rate));
    if (atMs === undefined) return { entered: true };
    await this.#leaveAll(task, taken, false);
    const limit = this.#broker.topology.rateKey(task.name);
    return {
      entered: false,
      limit,
      isOfName: true,
      inLine: true,
      atMs,
      freedCount: this.room.freedCount(limit),
    };
  }

  /**
   * Gives back what an attempt had, or waited for. A permit that lasts for the task stays, unless that has ended.
   * Never rejects: where NATS does not answer, whoever meets the full limit finds out that it is over.
   */
  async leave(task: LimitedTask, hasEnded: boolean): Promise<void> {
    await this.#leaveAll(task, task.wanted, hasEnded);
  }

  async #leaveAll(task: LimitedTask, permits: readonly RequiredPermit[], hasEnded: boolean): Promise<void> {
    const left = permits.filter(({ whenBusy }) => hasEnded || whenBusy === 'queue');
    await Promise.all(left.map(want => this.#leave(task, want)));
  }

  async #take(task: LimitedTask, want: RequiredPermit): Promise<{ taken: boolean; inLine: boolean }> {
    const first = await this.#tryToTake(task, want);
    if (first.taken || !(await this.#heal(want, first.holders))) return first;
    return this.#tryToTake(task, want);
  }

  async #tryToTake(
    { id, name, owner, attempt, rank }: LimitedTask,
    { record, group, key, limit, whenBusy }: RequiredPermit,
  ): Promise<{ taken: boolean; inLine: boolean; holders: readonly PermitHolder[] }> {
    const { permits, ...found } = await this.#store.changePermits(record, noPermits(group, key), before => {
      const nowMs = Date.now();
      const wish: PermitHolder = {
        id,
        name,
        owner,
        executor: this.#executor,
        attempt,
        keeps: whenBusy === 'reject' ? 'task' : 'attempt',
        at: new Date(nowMs).toISOString(),
      };
      const { permits, answer } = acquirePermit(before, wish, limit, rank, nowMs);
      const inLine = !answer.taken && answer.ahead !== undefined;
      return { record: permits, answer: { taken: answer.taken, inLine, holders: before.holders, permits } };
    });
    // Of two permits that became free at once, one may have woken somebody who was not next for the other.
    if (found.taken && permits.holders.length < limit && permits.waiting.length > 0) this.#tellFreed(record);
    return found;
  }

  /** @returns whether a permit was taken from somebody who is over */
  async #heal({ record, group, key }: RequiredPermit, holders: readonly PermitHolder[]): Promise<boolean> {
    const nowMs = Date.now();
    if (nowMs - (this.#healedAtMs.get(record) ?? 0) < healEveryMs) return false;
    this.#healedAtMs.set(record, nowMs);
    const over = await this.#healing.over(holders, nowMs);
    if (over.length === 0) return false;
    this.#logger.info({ limit: record, over }, 'permits of a limit were held by tasks that are over');
    await this.#change(record, noPermits(group, key), before => over.reduce(evictHolder, before));
    return true;
  }

  async #leave(task: LimitedTask, { record, group, key }: RequiredPermit): Promise<void> {
    try {
      await this.#change(record, noPermits(group, key), before =>
        releasePermit(before, task.id, this.#executor),
      );
    } catch (err) {
      const level = isUnavailable(err) ? 'warn' : 'error';
      this.#logger[level](
        { err, taskId: task.id, limit: record },
        'a permit of a limit could not be given back',
      );
    }
  }

  /** Whoever waits is told. A task that begins to wait after this write finds the permit free: it reads what we wrote. */
  async #change(record: string, empty: Permits, change: (permits: Permits) => Permits): Promise<void> {
    const waiting = await this.#store.changePermits(record, empty, before => {
      const after = change(before);
      return { record: after, answer: after !== before && after.waiting.length > 0 };
    });
    if (waiting) this.#tellFreed(record);
  }

  #tellFreed(record: string): void {
    const freed: Freed = { v: 1, limit: record };
    sendCommand(this.#broker, this.#broker.topology.subjects.limitFreed, freed);
  }

  /** @returns when to ask again, or `undefined`: the attempt may begin */
  #takeTurn(name: string, limit: RateLimit): Promise<number | undefined> {
    const record = this.#broker.topology.rateKey(name);
    return this.#store.changeRate(record, { v: 1, name, begun: [] }, before => {
      const { rate, answer } = takeTurn(before, limit, Date.now());
      return { record: rate, answer: answer.taken ? undefined : answer.atMs };
    });
  }
}
