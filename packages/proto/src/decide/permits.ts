import type { PermitHolder, Permits } from '../wire/limit.ts';
import type { Priority } from '../wire/names.ts';
import type { TaskRequest } from '../wire/request.ts';

/**
 * How many waiting tasks a record names. They go in order; what waits behind them has no position in the order until one
 * of them has gone.
 */
export const waitingKept = 256;
/** A waiter that has not renewed its place in the wait queue for so long has lost its executor, and blocks no other. */
export const waitValidMs = 5_000;

/** By how much later a task counts as started, so that `high` goes before `normal`, and nothing is starved. */
const laterByMs: { readonly [P in Priority]: number } = { high: 0, normal: 300_000, low: 600_000 };

/** A task's position in the order of those that wait: by when it was to start; five minutes count as much as a priority. */
export function rankOf(request: Pick<TaskRequest, 'createdAt' | 'scheduledFor' | 'priority'>): number {
  return Date.parse(request.scheduledFor ?? request.createdAt) + laterByMs[request.priority];
}

/** What became of the request for a permit. `ahead`: how many go before it; `undefined`: too many to be counted. */
export type PermitAnswer =
  | { readonly taken: true }
  | { readonly taken: false; readonly ahead: number | undefined };

/** No holder and no waiter. */
export function noPermits(group: string, key: string | undefined): Permits {
  return { v: 1, group, ...(key === undefined ? {} : { key }), holders: [], waiting: [] };
}

/**
 * Takes a permit, or waits for one. Invariant 7, limits-hold: `limit` is never exceeded, since the answer counts only
 * when the record could be written as it was read (compare and set).
 *
 * A task that has a permit already keeps it, with its new attempt: so a task whose executor was lost does not wait again.
 *
 * @param rank see `rankOf`; `undefined`: it takes a free permit only when no task waits
 */
export function acquirePermit(
  permits: Permits,
  request: PermitHolder,
  limit: number,
  rank: number | undefined,
  nowMs: number,
): { readonly permits: Permits; readonly answer: PermitAnswer } {
  const others = permits.holders.filter(holder => holder.id !== request.id);
  const waiting = permits.waiting.filter(({ id, until }) => id !== request.id && Date.parse(until) > nowMs);
  const free = limit - others.length;
  const before =
    rank === undefined ? waiting : waiting.filter(waiter => goesBefore(waiter, { rank, id: request.id }));
  const had = others.length < permits.holders.length;
  if (had || before.length < free) {
    return { permits: { ...permits, holders: [...others, request], waiting }, answer: { taken: true } };
  }
  if (rank === undefined) return { permits, answer: { taken: false, ahead: before.length } };
  const mine = { id: request.id, rank, until: new Date(nowMs + waitValidMs).toISOString() };
  const queue = [...before, mine, ...waiting.filter(waiter => !before.includes(waiter))].slice(
    0,
    waitingKept,
  );
  const ahead = queue.includes(mine) ? before.length : undefined;
  // Said a moment ago: to say so again would be a write for nothing.
  const known = permits.waiting.find(({ id }) => id === request.id);
  const isFresh = known !== undefined && Date.parse(known.until) - nowMs > waitValidMs / 2;
  return { permits: isFresh ? permits : { ...permits, waiting: queue }, answer: { taken: false, ahead } };
}

/** Gives a permit back, or stops waiting for one. What another attempt or executor holds stays. */
export function releasePermit(permits: Permits, id: string, executor: string | undefined): Permits {
  const holders = permits.holders.filter(holder => holder.id !== id || holder.executor !== executor);
  const waiting = permits.waiting.filter(waiter => waiter.id !== id);
  const isSame = holders.length === permits.holders.length && waiting.length === permits.waiting.length;
  return isSame ? permits : { ...permits, holders, waiting };
}

/** Takes a permit from a holder that was found to have ended, unless it has started another attempt meanwhile. */
export function evictHolder(permits: Permits, over: PermitHolder): Permits {
  const holders = permits.holders.filter(
    holder => holder.id !== over.id || holder.executor !== over.executor || holder.at !== over.at,
  );
  return holders.length === permits.holders.length ? permits : { ...permits, holders };
}

/** A task in the order of those that wait. */
export type Ranked = {
  /** When it was to start, in milliseconds since the epoch, later by its priority. */
  readonly rank: number;
  /** The task's id. */
  readonly id: string;
};
/** Ids are made in the order of the starts (UUID version 7), so they tell two of one millisecond apart. */
export function goesBefore(a: Ranked, b: Ranked): boolean {
  return a.rank === b.rank ? a.id < b.id : a.rank < b.rank;
}
