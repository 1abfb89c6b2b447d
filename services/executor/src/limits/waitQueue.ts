import { goesBefore, type Ranked, waitValidMs } from '@longhaul/proto/wire';
import { LRUCache } from 'lru-cache';

/** How many tasks of one executor wait here for permits; more are handed back for a while. */
const roomFor = 256;
/** Of so many limits it is remembered that they were freed. */
const freedRemembered = 1_000;
/** The first in a line looks this often by itself: a permit may be held by an executor that is gone. */
const firstLooksMs = 500;
/** The others say this often that they still wait. */
const othersLookMs = waitValidMs / 2;
/** How often it is seen to who is due. */
const sweepMs = 250;

/** One task that waits: its rank says who is woken first. */
export type Waiting = Ranked & {
  readonly name: string;
  /** The record of the limit that it waits for. */
  readonly limit: string;
  /** Whether the limit is one of all the tasks of its name. */
  readonly isOfName: boolean;
  /** When the limit lets it through, in milliseconds since the epoch, where that is known. */
  readonly atMs: number | undefined;
  readonly signal: AbortSignal;
};
type Waiter = Waiting & { readonly sinceMs: number; readonly wake: () => void };

/**
 * Where delivered tasks wait for a permit of a limit: with their heartbeats and their ear for a cancel, but without a
 * slot, so that other tasks run meanwhile. No I/O.
 */
export class WaitQueue {
  /** By limit, in the order of ranks. */
  readonly #lines = new Map<string, Waiter[]>();
  /** How many wait for a limit of all the tasks of their name. */
  readonly #heldUp = new Map<string, number>();
  /** How often each limit was freed, of those that were freed lately. */
  readonly #freed = new LRUCache<string, number>({ max: freedRemembered });
  readonly #onLeft: () => void;
  #queued = 0;
  #sweep: NodeJS.Timeout | undefined;

  /** @param onLeft called whenever a task does not wait any more: more may be taken */
  constructor(onLeft: () => void) {
    this.#onLeft = onLeft;
  }

  get isFull(): boolean {
    return this.#queued >= roomFor;
  }

  /** Whether a task of this name waits for a limit that the next one of the name would wait for as well. */
  isHeldUp(name: string): boolean {
    return this.#heldUp.has(name);
  }

  /** To be asked before one looks at a limit: whoever then waits for it is told of what was freed meanwhile. */
  freedCount(limit: string): number {
    return this.#freed.get(limit) ?? 0;
  }

  /**
   * Resolves when it is worth to look again, or when the signal is aborted.
   * @param freedCount from before the look that found no permit
   */
  async wait(waiting: Waiting, freedCount: number): Promise<void> {
    if (waiting.signal.aborted || freedCount !== this.freedCount(waiting.limit)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter: Waiter = { ...waiting, sinceMs: Date.now(), wake: resolve };
    const timer = waiting.atMs === undefined ? undefined : setTimeout(resolve, waiting.atMs - Date.now());
    waiting.signal.addEventListener('abort', waiter.wake, { once: true });
    this.#sit(waiter);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      waiting.signal.removeEventListener('abort', waiter.wake);
      this.#leave(waiter);
    }
  }

  /** A permit of a limit may be free: the first in its line looks. */
  freed(limit: string): void {
    this.#freed.set(limit, this.freedCount(limit) + 1);
    this.#lines.get(limit)?.[0]?.wake();
  }

  #sit(waiter: Waiter): void {
    const line = this.#lines.get(waiter.limit) ?? [];
    const after = line.findIndex(other => goesBefore(waiter, other));
    line.splice(after < 0 ? line.length : after, 0, waiter);
    this.#lines.set(waiter.limit, line);
    this.#queued += 1;
    if (waiter.isOfName) this.#heldUp.set(waiter.name, (this.#heldUp.get(waiter.name) ?? 0) + 1);
    this.#sweep ??= setInterval(() => this.#wakeDue(Date.now()), sweepMs);
  }

  #leave(waiter: Waiter): void {
    const line = (this.#lines.get(waiter.limit) ?? []).filter(other => other !== waiter);
    if (line.length > 0) this.#lines.set(waiter.limit, line);
    else this.#lines.delete(waiter.limit);
    this.#queued -= 1;
    if (waiter.isOfName) {
      const left = (this.#heldUp.get(waiter.name) ?? 1) - 1;
      if (left > 0) this.#heldUp.set(waiter.name, left);
      else this.#heldUp.delete(waiter.name);
    }
    if (this.#queued === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
    this.#onLeft();
  }

  #wakeDue(nowMs: number): void {
    for (const line of this.#lines.values()) {
      for (const [permit, waiter] of line.entries()) {
        const afterMs = permit === 0 ? firstLooksMs : othersLookMs;
        if (waiter.atMs === undefined && nowMs - waiter.sinceMs >= afterMs) waiter.wake();
      }
    }
  }
}
