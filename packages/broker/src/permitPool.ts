import {
  acquirePermit,
  evictHolder,
  noPermits,
  type PermitHolder,
  type Permits,
  type RequiredPermit,
  releasePermit,
} from '@longhaul/proto/wire';
import { LRUCache } from 'lru-cache';
import type { Broker } from './broker.ts';
import type { LimitStore } from './limitStore.ts';
import { PermitHealing } from './permitHealing.ts';
import type { ServerClock } from './serverClock.ts';

/** What became of a task that asks for a permit. */
export type PermitOutcome = {
  /** Whether it has a permit now. */
  readonly isTaken: boolean;
  /** Whether it is in the wait queue. Where too many wait, it is not. */
  readonly isQueued: boolean;
  /** Who had the permits when it asked. */
  readonly holders: readonly PermitHolder[];
};

/** Options of {@link PermitPool}. */
export type PermitPoolOptions = {
  /** How often the holders of one full limit are checked at most, in milliseconds. Default: each time. */
  readonly healEveryMs?: number;
  /** Told of holders whose tasks are over, and whose permits are free again. */
  readonly onHealed?: (limit: string, over: readonly PermitHolder[]) => void;
  /** Told that a permit may be free while tasks wait for one: the record of its limit. */
  readonly onFree?: (limit: string) => void;
};

/** For how many limits the time of the last check is kept. */
const maxHealedLimits = 1_000;

/**
 * Acquires and releases permits. A limit that is full is healed first: permits of tasks that are over are taken from them.
 *
 * Invariant 7, limits-hold: who may run is decided over the record of the limit, which is written only if nobody else has
 * written it meanwhile (see `LimitStore`).
 */
export class PermitPool {
  readonly #store: LimitStore;
  readonly #clock: ServerClock;
  readonly #healing: PermitHealing;
  readonly #options: PermitPoolOptions;
  readonly #healedAtMs = new LRUCache<string, number>({ max: maxHealedLimits });

  constructor(broker: Broker, store: LimitStore, options: PermitPoolOptions = {}) {
    this.#store = store;
    this.#clock = broker.clock;
    this.#healing = new PermitHealing(broker);
    this.#options = options;
  }

  /**
   * Acquires a permit for a task, or gives it a place in the wait queue.
   * @param rank its order in the wait queue; `undefined`: it does not wait
   */
  async acquire(
    permit: RequiredPermit,
    holder: Omit<PermitHolder, 'at'>,
    rank: number | undefined,
  ): Promise<PermitOutcome> {
    const first = await this.#tryToAcquire(permit, holder, rank);
    if (first.isTaken || !(await this.#heal(permit, first.holders))) return first;
    return this.#tryToAcquire(permit, holder, rank);
  }

  /** Releases what a task has of a limit: its permit, or its place in the wait queue. Another executor's stays. */
  async release(permit: RequiredPermit, id: string, executor: string | undefined): Promise<void> {
    await this.#change(permit, before => releasePermit(before, id, executor));
  }

  async #tryToAcquire(
    { record, group, key, limit }: RequiredPermit,
    holder: Omit<PermitHolder, 'at'>,
    rank: number | undefined,
  ): Promise<PermitOutcome> {
    const { permits, ...outcome } = await this.#store.changePermits(record, noPermits(group, key), before => {
      const nowMs = this.#clock.nowMs();
      const at = new Date(nowMs).toISOString();
      const { permits, answer } = acquirePermit(before, { ...holder, at }, limit, rank, nowMs);
      const isQueued = !answer.taken && answer.ahead !== undefined;
      return {
        record: permits,
        answer: { isTaken: answer.taken, isQueued, holders: before.holders, permits },
      };
    });
    // Two permits became free at once: the second may have woken a waiter that was not the next one.
    if (outcome.isTaken && permits.holders.length < limit && permits.waiting.length > 0)
      this.#options.onFree?.(record);
    return outcome;
  }

  /** @returns whether a permit was taken from a task that is over */
  async #heal(permit: RequiredPermit, holders: readonly PermitHolder[]): Promise<boolean> {
    const { healEveryMs = 0, onHealed } = this.#options;
    const nowMs = this.#clock.nowMs();
    if (nowMs - (this.#healedAtMs.get(permit.record) ?? 0) < healEveryMs) return false;
    this.#healedAtMs.set(permit.record, nowMs);
    const over = await this.#healing.over(holders, nowMs);
    if (over.length === 0) return false;
    onHealed?.(permit.record, over);
    await this.#change(permit, before => over.reduce(evictHolder, before));
    return true;
  }

  /** A task that begins to wait after this write finds the permit free: it reads what was written here. */
  async #change(
    { record, group, key }: RequiredPermit,
    change: (permits: Permits) => Permits,
  ): Promise<void> {
    const hasWaiters = await this.#store.changePermits(record, noPermits(group, key), before => {
      const after = change(before);
      return { record: after, answer: after !== before && after.waiting.length > 0 };
    });
    if (hasWaiters) this.#options.onFree?.(record);
  }
}
