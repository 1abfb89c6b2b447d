import type { PlaceHolder, Places } from '../wire/limit.ts';
import type { Priority } from '../wire/names.ts';
import type { TaskRequest } from '../wire/request.ts';

/**
 * How many waiting tasks a record names. They go in order; what waits behind them has no place in the order until one
 * of them has gone.
 */
export const waitingKept = 256;
/** A waiting task that has not said for so long that it waits has lost its executor, and holds nobody up any more. */
export const waitValidMs = 5_000;

/** By how much later a task counts as started, so that `high` goes before `normal`, and nothing is starved. */
const laterByMs: { readonly [P in Priority]: number } = { high: 0, normal: 300_000, low: 600_000 };

/** A task's place in the order of those that wait: by when it was to start; five minutes count as much as a priority. */
export function rankOf(request: Pick<TaskRequest, 'createdAt' | 'scheduledFor' | 'priority'>): number {
  return Date.parse(request.scheduledFor ?? request.createdAt) + laterByMs[request.priority];
}

/** What became of the wish for a place. `ahead`: how many go before it; `undefined`: too many to be counted. */
export type PlaceAnswer =
  | { readonly taken: true }
  | { readonly taken: false; readonly ahead: number | undefined };

/** Nobody has a place, and nobody waits. */
export function noPlaces(group: string, key: string | undefined): Places {
  return { v: 1, group, ...(key === undefined ? {} : { key }), holders: [], waiting: [] };
}

/**
 * Takes a place, or waits for one. Invariant 7, limits-hold: `limit` is never exceeded, since the answer counts only
 * when the record could be written as it was read (compare and set).
 *
 * Whoever has a place already keeps it, with its new attempt: so a task whose executor was lost does not wait anew.
 *
 * @param rank see `rankOf`; `undefined`: it takes a free place that nobody waits for, or does without
 */
export function takePlace(
  places: Places,
  wish: PlaceHolder,
  limit: number,
  rank: number | undefined,
  nowMs: number,
): { readonly places: Places; readonly answer: PlaceAnswer } {
  const others = places.holders.filter(holder => holder.id !== wish.id);
  const waiting = places.waiting.filter(({ id, until }) => id !== wish.id && Date.parse(until) > nowMs);
  const free = limit - others.length;
  const before =
    rank === undefined ? waiting : waiting.filter(waiter => goesBefore(waiter, { rank, id: wish.id }));
  const had = others.length < places.holders.length;
  if (had || before.length < free) {
    return { places: { ...places, holders: [...others, wish], waiting }, answer: { taken: true } };
  }
  if (rank === undefined) return { places, answer: { taken: false, ahead: before.length } };
  const mine = { id: wish.id, rank, until: new Date(nowMs + waitValidMs).toISOString() };
  const queue = [...before, mine, ...waiting.filter(waiter => !before.includes(waiter))].slice(
    0,
    waitingKept,
  );
  const ahead = queue.includes(mine) ? before.length : undefined;
  // Said a moment ago: to say so again would be a write for nothing.
  const known = places.waiting.find(({ id }) => id === wish.id);
  const isFresh = known !== undefined && Date.parse(known.until) - nowMs > waitValidMs / 2;
  return { places: isFresh ? places : { ...places, waiting: queue }, answer: { taken: false, ahead } };
}

/** Gives a place back, or stops waiting for one. What another attempt or executor holds stays. */
export function leavePlace(places: Places, id: string, executor: string | undefined): Places {
  const holders = places.holders.filter(holder => holder.id !== id || holder.executor !== executor);
  const waiting = places.waiting.filter(waiter => waiter.id !== id);
  const isSame = holders.length === places.holders.length && waiting.length === places.waiting.length;
  return isSame ? places : { ...places, holders, waiting };
}

/** Takes a place from a holder that was found to be over, unless it has begun anew meanwhile. */
export function evictHolder(places: Places, over: PlaceHolder): Places {
  const holders = places.holders.filter(
    holder => holder.id !== over.id || holder.executor !== over.executor || holder.at !== over.at,
  );
  return holders.length === places.holders.length ? places : { ...places, holders };
}

/** A task in the order of those that wait. */
export type Ranked = { readonly rank: number; readonly id: string };
/** Ids are made in the order of the starts (UUID version 7), so they tell two of one millisecond apart. */
export function goesBefore(a: Ranked, b: Ranked): boolean {
  return a.rank === b.rank ? a.id < b.id : a.rank < b.rank;
}
