import type { Slot } from './slotPool.ts';

/** Another owner counts as long as it was seen this lately: until then everything is one owner's. */
const seenForMs = 60 * 60_000;
/** What is passed over comes back one at a time, about so long apart, however much of it there is. */
const apartMs = 250;
const longestDelayMs = 30_000;
/** So many requests are passed over at a time, so that nobody's backlog uses up what a consumer may deliver. */
const passedOverLimit = 256;

/** What is to be decided on when a request has arrived. */
export type ShareQuestion = {
  /** Slots of the executor, and how many of them are free. */
  readonly slots: number;
  readonly free: number;
  /** How many slots the request's owner holds, whatever the task types. */
  readonly held: number;
  /** Whether tasks of anybody else have been seen lately. */
  readonly isContended: boolean;
  /** The definition's `ownerShare`. */
  readonly share: number;
};

/**
 * Whether an owner may have one more slot of an executor. The last free slot goes to somebody who holds none, so that
 * whoever comes next does not have to wait for the end of anything that somebody else has running.
 */
export function mayHaveSlot({ slots, free, held, isContended, share }: ShareQuestion): boolean {
  // Whoever holds nothing is never passed over, so no owner waits for ever: the queue is in order.
  if (!isContended || share >= 1 || held === 0) return true;
  return held < Math.max(1, Math.floor(slots * share)) && free > 1;
}

/**
 * How long a request is kept away that was passed over. In proportion to how many are: so one of them is back about
 * every quarter of a second, and takes a slot that has become free; and a long backlog is gone through, since what was
 * looked at first is not what comes again at once.
 */
export function passedOverDelayMs(passedOver: number): number {
  return Math.min(longestDelayMs, apartMs * (passedOver + 1));
}

/** Who holds the slots of an executor, who has been seen, and what was passed over. No I/O. */
export class OwnerShares {
  readonly #slotsOf = new Map<string, Set<Slot>>();
  /** When each passed-over request comes back, by task type. */
  readonly #returns = new Map<string, number[]>();
  /** The owner seen last, and the last one before that was another: no more is needed to know of "anybody else". */
  #latest: { readonly owner: string; atMs: number } | undefined;
  #other: { readonly owner: string; readonly atMs: number } | undefined;

  /** A request of an owner has arrived. */
  seen(owner: string, nowMs: number): void {
    if (this.#latest?.owner === owner) {
      this.#latest.atMs = nowMs;
      return;
    }
    this.#other = this.#latest;
    this.#latest = { owner, atMs: nowMs };
  }

  /** Whether somebody else than an owner has been seen lately. */
  isContended(owner: string, nowMs: number): boolean {
    const other = this.#latest?.owner === owner ? this.#other : this.#latest;
    return other !== undefined && nowMs - other.atMs < seenForMs;
  }

  /** How many slots an owner holds; those that are lent are somebody else's. */
  held(owner: string): number {
    let held = 0;
    for (const slot of this.#slotsOf.get(owner) ?? []) if (slot.isHeld) held += 1;
    return held;
  }

  took(owner: string, slot: Slot): void {
    const slots = this.#slotsOf.get(owner) ?? new Set();
    this.#slotsOf.set(owner, slots.add(slot));
  }

  released(owner: string, slot: Slot): void {
    const slots = this.#slotsOf.get(owner);
    slots?.delete(slot);
    if (slots?.size === 0) this.#slotsOf.delete(owner);
  }

  /** Passes a request over. @returns how long it is to stay away */
  passOver(task: string, nowMs: number): number {
    const returns = this.#passedOver(task, nowMs);
    const delayMs = passedOverDelayMs(returns.length);
    returns.push(nowMs + delayMs);
    return delayMs;
  }

  /** Whether more requests of a type are to be looked at. */
  looksFurther(task: string, nowMs: number): boolean {
    return this.#passedOver(task, nowMs).length < passedOverLimit;
  }

  #passedOver(task: string, nowMs: number): number[] {
    const returns = (this.#returns.get(task) ?? []).filter(atMs => atMs > nowMs);
    this.#returns.set(task, returns);
    return returns;
  }
}

const ownerFirst = /^\{"v":1,"owner":"([^"\\]{1,256})"/;

/** Whose request it is. `undefined`: it cannot be read, which is for those to say who work on it. */
export function ownerOfRequest(data: Uint8Array): string | undefined {
  // As gateways of this project write it: the whole of it is parsed when it is worked on, and once is enough.
  const head = Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, 300)).toString();
  const first = ownerFirst.exec(head)?.[1];
  if (first !== undefined) return first;
  try {
    const { owner } = JSON.parse(Buffer.from(data).toString()) as { readonly owner?: unknown };
    return typeof owner === 'string' ? owner : undefined;
  } catch {
    return undefined;
  }
}
