import { goesBefore, type Ranked, waitValidMs } from '@longhaul/proto';
import { LRUCache } from 'lru-cache';

/** How many tasks of one executor wait here for places; more are handed back for a while. */
const roomFor = 256;
/** Of so many limits it is remembered that they were freed. */
const freedRemembered = 1_000;
/** The first in a line looks this often by itself: a place may be held by an executor that is gone. */
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
type Seat = Waiting & { readonly sinceMs: number; readonly wake: () => void };

/**
 * Where delivered tasks wait for a place of a limit: with their heartbeats and their ear for a cancel, but without a
 * slot, so that other tasks run meanwhile. No I/O.
 */
export class WaitingRoom {
  /** By limit, in the order of ranks. */
  readonly #lines = new Map<string, Seat[]>();
  /** How many wait for a limit of all the tasks of their name. */
  readonly #heldUp = new Map<string, number>();
  /** How often each limit was freed, of those that were freed lately. */
  readonly #freed = new LRUCache<string, number>({ max: freedRemembered });
  readonly #onLeft: () => void;
  #seated = 0;
  #sweep: NodeJS.Timeout | undefined;

  /** @param onLeft called whenever a task does not wait any more: more may be taken */
  constructor(onLeft: () => void) {
    this.#onLeft = onLeft;
  }

  get isFull(): boolean {
    return this.#seated >= roomFor;
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
   * @param freedCount from before the look that found no place
   */
  async wait(waiting: Waiting, freedCount: number): Promise<void> {
    if (waiting.signal.aborted || freedCount !== this.freedCount(waiting.limit)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const seat: Seat = { ...waiting, sinceMs: Date.now(), wake: resolve };
    const timer = waiting.atMs === undefined ? undefined : setTimeout(resolve, waiting.atMs - Date.now());
    waiting.signal.addEventListener('abort', seat.wake, { once: true });
    this.#sit(seat);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      waiting.signal.removeEventListener('abort', seat.wake);
      this.#leave(seat);
    }
  }

  /** A place of a limit may be free: the first in its line looks. */
  freed(limit: string): void {
    this.#freed.set(limit, this.freedCount(limit) + 1);
    this.#lines.get(limit)?.[0]?.wake();
  }

  #sit(seat: Seat): void {
    const line = this.#lines.get(seat.limit) ?? [];
    const after = line.findIndex(other => goesBefore(seat, other));
    line.splice(after < 0 ? line.length : after, 0, seat);
    this.#lines.set(seat.limit, line);
    this.#seated += 1;
    if (seat.isOfName) this.#heldUp.set(seat.name, (this.#heldUp.get(seat.name) ?? 0) + 1);
    this.#sweep ??= setInterval(() => this.#wakeDue(Date.now()), sweepMs);
  }

  #leave(seat: Seat): void {
    const line = (this.#lines.get(seat.limit) ?? []).filter(other => other !== seat);
    if (line.length > 0) this.#lines.set(seat.limit, line);
    else this.#lines.delete(seat.limit);
    this.#seated -= 1;
    if (seat.isOfName) {
      const left = (this.#heldUp.get(seat.name) ?? 1) - 1;
      if (left > 0) this.#heldUp.set(seat.name, left);
      else this.#heldUp.delete(seat.name);
    }
    if (this.#seated === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
    this.#onLeft();
  }

  #wakeDue(nowMs: number): void {
    for (const line of this.#lines.values()) {
      for (const [place, seat] of line.entries()) {
        const afterMs = place === 0 ? firstLooksMs : othersLookMs;
        if (seat.atMs === undefined && nowMs - seat.sinceMs >= afterMs) seat.wake();
      }
    }
  }
}
