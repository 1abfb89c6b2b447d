import { goesBefore, type Ranked, waitValidMs } from '@longhaul/proto/wire';
import { LRUCache } from 'lru-cache';

/** How many tasks of one executor wait here for permits. Further ones are released for a while. */
const maxWaiters = 256;
/** For how many limits the count of freed permits is kept. */
const maxFreedLimits = 1_000;
/** The first waiter of a limit rechecks it this often: a permit may be held by an executor that is lost. */
const firstRecheckMs = 500;
/** The other waiters recheck this often, which also renews their entry in the record. */
const othersRecheckMs = waitValidMs / 2;
/** How often waiters that are due are woken. */
const lookEveryMs = 250;

/** One task that waits. Its rank decides which one is woken first. */
export type Waiting = Ranked & {
  readonly name: string;
  /** The record of the limit that it waits for. */
  readonly limit: string;
  /** Whether the limit is one for all tasks of the type. */
  readonly isOfType: boolean;
  /** When the limit admits it, in milliseconds since the epoch, where that is known. */
  readonly atMs: number | undefined;
  readonly signal: AbortSignal;
};
type Waiter = Waiting & { readonly sinceMs: number; readonly wake: () => void };

/**
 * The wait queues of one executor: delivered tasks that wait for permits. They keep their heartbeats and their
 * subscription to cancels, but have no slot, so that other tasks run meanwhile. No I/O.
 */
export class WaitQueue {
  /** By limit, in the order of ranks. */
  readonly #waiters = new Map<string, Waiter[]>();
  /** How many wait for a limit of their whole type, by type. */
  readonly #blocked = new Map<string, number>();
  /** How often a permit of each limit was freed, for the limits of which one was freed lately. */
  readonly #freed = new LRUCache<string, number>({ max: maxFreedLimits });
  readonly #onLeft: () => void;
  readonly #nowMs: () => number;
  #queued = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param onLeft called whenever a task no longer waits: more requests may be pulled
   * @param nowMs the clock by which a waiter says when to ask again
   */
  constructor(onLeft: () => void, nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
    this.#onLeft = onLeft;
  }

  get isFull(): boolean {
    return this.#queued >= maxWaiters;
  }

  /** Whether a task of this type waits for a limit that the next one of the type would wait for as well. */
  isBlocked(name: string): boolean {
    return this.#blocked.has(name);
  }

  /** To be read before a limit is checked, and passed to `wait`: so a permit that is freed in between is not missed. */
  freedCount(limit: string): number {
    return this.#freed.get(limit) ?? 0;
  }

  /**
   * Resolves when the limit is to be checked again, or when the signal is aborted.
   * @param freedCount from before the check that found no permit
   */
  async wait(waiting: Waiting, freedCount: number): Promise<void> {
    if (waiting.signal.aborted || freedCount !== this.freedCount(waiting.limit)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = { ...waiting, sinceMs: this.#nowMs(), wake: resolve };
    const timer = waiting.atMs === undefined ? undefined : setTimeout(resolve, waiting.atMs - this.#nowMs());
    waiting.signal.addEventListener('abort', waiter.wake, { once: true });
    this.#enqueue(waiter);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      waiting.signal.removeEventListener('abort', waiter.wake);
      this.#dequeue(waiter);
    }
  }

  /** A permit of a limit may be free: wakes the first waiter. */
  notifyFreed(limit: string): void {
    this.#freed.set(limit, this.freedCount(limit) + 1);
    this.#waiters.get(limit)?.[0]?.wake();
  }

  #enqueue(waiter: Waiter): void {
    const queue = this.#waiters.get(waiter.limit) ?? [];
    const after = queue.findIndex(other => goesBefore(waiter, other));
    queue.splice(after < 0 ? queue.length : after, 0, waiter);
    this.#waiters.set(waiter.limit, queue);
    this.#queued += 1;
    if (waiter.isOfType) this.#blocked.set(waiter.name, (this.#blocked.get(waiter.name) ?? 0) + 1);
    this.#timer ??= setInterval(() => this.#wakeDue(this.#nowMs()), lookEveryMs);
  }

  #dequeue(waiter: Waiter): void {
    const queue = (this.#waiters.get(waiter.limit) ?? []).filter(other => other !== waiter);
    if (queue.length > 0) this.#waiters.set(waiter.limit, queue);
    else this.#waiters.delete(waiter.limit);
    this.#queued -= 1;
    if (waiter.isOfType) {
      const left = (this.#blocked.get(waiter.name) ?? 1) - 1;
      if (left > 0) this.#blocked.set(waiter.name, left);
      else this.#blocked.delete(waiter.name);
    }
    if (this.#queued === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.#onLeft();
  }

  #wakeDue(nowMs: number): void {
    for (const queue of this.#waiters.values()) {
      for (const [position, waiter] of queue.entries()) {
        const afterMs = position === 0 ? firstRecheckMs : othersRecheckMs;
        if (waiter.atMs === undefined && nowMs - waiter.sinceMs >= afterMs) waiter.wake();
      }
    }
  }
}
