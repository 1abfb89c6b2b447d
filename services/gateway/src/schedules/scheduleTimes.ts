import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type DueTimes,
  GatewayError,
  misfireLimit,
  nextTimesShown,
  type ScheduleRecord,
} from '@longhaul/proto/wire';
import { LRUCache } from 'lru-cache';
import { type FiringTimes, readTiming } from './times/firingTimes.ts';

/** How many due times one decision takes of a backlog, beside the newest, which it leaves to a later one. */
const backlogBatch = 500;
/** After so many times others get their turn: a time of a cron expression takes some tenths of a millisecond. */
const perTurn = 20;
const secondMs = 1_000;

type Timed = Pick<ScheduleRecord, 'cron' | 'every' | 'timeZone' | 'anchor' | 'createdAt'>;

/**
 * When a schedule fires. An interval is counted from whole seconds.
 * @throws GatewayError INVALID_SCHEDULE, also for one of version 0.1 whose expression is read no more
 */
export function timesOf(schedule: Timed): FiringTimes {
  const timing = readTiming(schedule);
  if (!timing.ok) throw new GatewayError('INVALID_SCHEDULE', timing.why);
  const anchorMs = Date.parse(schedule.anchor ?? schedule.createdAt);
  return timing.timesFrom(Math.floor(anchorMs / secondMs) * secondMs);
}

/**
 * The first time of a schedule from now on that has not been decided yet: a gateway whose clock is behind must not take
 * up once more what another one has dealt with.
 */
export function nextTime(schedule: ScheduleRecord, nowMs: number): string | undefined {
  const decided = schedule.firings.find(({ trigger }) => trigger === undefined)?.at;
  const decidedMs = decided === undefined ? nowMs : Date.parse(decided);
  return instant(timesOf(schedule).nextAfter(Math.max(nowMs, decidedMs)));
}

/** The times of a schedule that are due, from the one that it waits for on. */
export async function dueTimes(schedule: ScheduleRecord, first: string, nowMs: number): Promise<DueTimes> {
  const times = timesOf(schedule);
  const due = [first];
  for (let atMs: number | undefined = Date.parse(first); ; ) {
    atMs = times.nextAfter(atMs);
    if (atMs === undefined || atMs > nowMs) return { due, next: instant(atMs), isBacklog: false };
    if (due.length === backlogBatch + misfireLimit)
      return { due: due.slice(0, backlogBatch), next: due[backlogBatch], isBacklog: true };
    due.push(new Date(atMs).toISOString());
    if (due.length % perTurn === 0) await nextTurn();
  }
}

/** What lists have computed: the coming times of a schedule change only when it fires, or is changed. */
const known = new LRUCache<string, string[]>({ max: 2_000 });

/** The next five times of a schedule; none while it is paused. */
export function nextTimes(schedule: ScheduleRecord): string[] {
  const { next, cron, every, timeZone, paused } = schedule;
  if (next === undefined || paused) return [];
  const key = JSON.stringify([next, cron, every, timeZone]);
  const seen = known.get(key);
  if (seen) return seen;
  const found = [next];
  try {
    const times = timesOf(schedule);
    for (let atMs = times.nextAfter(Date.parse(next)); atMs !== undefined; atMs = times.nextAfter(atMs)) {
      found.push(new Date(atMs).toISOString());
      if (found.length === nextTimesShown) break;
    }
  } catch (error) {
    // One that is read no more is shown all the same, so that its owner can change or delete it.
    if (!(error instanceof GatewayError)) throw error;
  }
  known.set(key, found);
  return found;
}

function instant(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
