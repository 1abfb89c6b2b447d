import type { Slot } from './slotPool.ts';

/** An owner counts as present for this long after its last request. */
const seenForMs = 60 * 60_000;
/** Requests that were passed over come back one at a time, about this far apart, however many there are. */
const apartMs = 250;
const longestDelayMs = 30_000;
/** At most this many requests of a type are passed over at a time: else one backlog would use up `max_ack_pending`. */
const passedOverLimit = 256;

/** What the decision about an arrived request depends on. */
export type ShareQuestion = {
  /** How many slots the executor has, and how many of them are free. */
  readonly slots: number;
  readonly free: number;
  /** How many slots the request's owner holds, whatever the task types. */
  readonly held: number;
  /** Whether requests of another owner have arrived lately. */
  readonly isContended: boolean;
  /** The definition's `ownerShare`. */
  readonly share: number;
};

/**
 * Whether an owner may have one more slot of an executor. The last free slot is kept for an owner that holds none, so
 * that the next owner does not have to wait until a task of another owner ends.
 */
export function mayHaveSlot({ slots, free, held, isContended, share }: ShareQuestion): boolean {
  // An owner that holds nothing is never passed over. Since the queue is in order, no owner waits for ever.
  if (!isContended || share >= 1 || held === 0) return true;
  return held < Math.max(1, Math.floor(slots * share)) && free > 1;
}

/** What is known about the owner of a request that could begin. */
export type Candidate = {
  /** How many slots the owner holds. */
  readonly held: number;
  /** When a task of the owner began last, as a number that grows; 0: none is known. */
  readonly lastBegan: number;
};

/**
 * Which of the next requests begins in the only free slot: the one whose owner holds the fewest slots, of these the one
 * whose owner had a turn the longest ago, and of one owner's the first in the queue.
 */
export function nextToBegin(candidates: readonly Candidate[]): number {
  let best = 0;
  candidates.forEach((candidate, index) => {
    const leader = candidates[best] as Candidate;
    if (
      candidate.held < leader.held ||
      (candidate.held === leader.held && candidate.lastBegan < leader.lastBegan)
    )
      best = index;
  });
  return best;
}

/**
 * How long a request stays away that was passed over: longer the more there are. So one of them comes back about every
 * quarter of a second and takes a slot that has become free. And the executor gets through a long backlog, since the
 * request that was passed over first is not delivered again at once.
 */
export function passedOverDelayMs(passedOver: number): number {
  return Math.min(longestDelayMs, apartMs * (passedOver + 1));
}

/** So many owners' turns are known. One that was forgotten comes first, as a new one does. */
const knownTurns = 1_000;
/** Looks at the requests behind one that arrived: one a second on average, since each moves hundreds of messages. */
const lookEveryMs = 1_000;
/** So many at once, after a time without. */
const looksAtOnce = 4;

/** Which owners hold the slots of an executor, which were seen, and what was passed over. No I/O. */
export class OwnerShares {
  readonly #slotsOf = new Map<string, Set<Slot>>();
  /** When each passed-over request comes back, by task type. */
  readonly #returns = new Map<string, number[]>();
  /** When tasks of each owner began last, the earliest first. */
  readonly #began = new Map<string, number>();
  #begun = 0;
  /** By task type, when all looks are available again (GCRA). */
  readonly #looksBack = new Map<string, number>();
  /** The owner seen last, and the last other owner before it: enough to know whether there is another one. */
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

  /** Whether another owner has been seen lately. */
  isContended(owner: string, nowMs: number): boolean {
    const other = this.#latest?.owner === owner ? this.#other : this.#latest;
    return other !== undefined && nowMs - other.atMs < seenForMs;
  }

  /** How many slots an owner holds. A slot that is lent does not count. */
  held(owner: string): number {
    let held = 0;
    for (const slot of this.#slotsOf.get(owner) ?? []) if (slot.isHeld) held += 1;
    return held;
  }

  acquired(owner: string, slot: Slot): void {
    const slots = this.#slotsOf.get(owner) ?? new Set();
    this.#slotsOf.set(owner, slots.add(slot));
    this.#begun += 1;
    this.#began.delete(owner);
    this.#began.set(owner, this.#begun);
    const [earliest] = this.#began.keys();
    if (this.#began.size > knownTurns && earliest !== undefined) this.#began.delete(earliest);
  }

  candidate(owner: string): Candidate {
    return { held: this.held(owner), lastBegan: this.#began.get(owner) ?? 0 };
  }

  /** Takes one of the looks at the requests behind one of a type. `false`: there is none left now. */
  tryToLookAhead(task: string, nowMs: number): boolean {
    const back = Math.max(this.#looksBack.get(task) ?? 0, nowMs) + lookEveryMs;
    if (back - nowMs > looksAtOnce * lookEveryMs) return false;
    this.#looksBack.set(task, back);
    return true;
  }

  released(owner: string, slot: Slot): void {
    const slots = this.#slotsOf.get(owner);
    slots?.delete(slot);
    if (slots?.size === 0) this.#slotsOf.delete(owner);
  }

  /**
   * Passes a request over.
   * @returns the delay after which it is delivered again, in milliseconds
   */
  passOver(task: string, nowMs: number): number {
    const returns = this.#passedOver(task, nowMs);
    const delayMs = passedOverDelayMs(returns.length);
    returns.push(nowMs + delayMs);
    return delayMs;
  }

  /** Whether more requests of a type may be asked for. */
  mayLookFurther(task: string, nowMs: number): boolean {
    return this.#passedOver(task, nowMs).length < passedOverLimit;
  }

  #passedOver(task: string, nowMs: number): number[] {
    const returns = (this.#returns.get(task) ?? []).filter(atMs => atMs > nowMs);
    this.#returns.set(task, returns);
    return returns;
  }
}

const ownerFirst = /^\{"v":1,"owner":"([^"\\]{1,256})"/;

/** The owner of a request. `undefined`: it cannot be read; the attempt reports that. */
export function ownerOfRequest(data: Uint8Array): string | undefined {
  // As our gateways write it. The attempt parses the whole request, and once is enough.
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
