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

/** How many times of a backlog one decision handles; the rest is left to later decisions. */
const backlogBatch = 500;
/** After how many times other calls get a turn: one time of a cron expression takes some tenths of a millisecond. */
const perTurn = 20;
const secondMs = 1_000;

type Timed = Pick<ScheduleRecord, 'cron' | 'every' | 'timeZone' | 'anchor' | 'createdAt'>;

/**
 * Computes the times of a schedule. Intervals are counted from whole seconds.
 * @throws GatewayError INVALID_SCHEDULE, also for a schedule of version 0.1 whose expression is no longer supported
 */
export function timesOf(schedule: Timed): FiringTimes {
  const timing = readTiming(schedule);
  if (!timing.ok) throw new GatewayError('INVALID_SCHEDULE', timing.why);
  const anchorMs = Date.parse(schedule.anchor ?? schedule.createdAt);
  return timing.timesFrom(Math.floor(anchorMs / secondMs) * secondMs);
}

/**
 * The first time of a schedule after now that has not been decided: a gateway whose clock is behind must not decide a time
 * again that another gateway has decided.
 */
export function nextTime(schedule: ScheduleRecord, nowMs: number): string | undefined {
  const decided = schedule.firings.find(({ trigger }) => trigger === undefined)?.at;
  const decidedMs = decided === undefined ? nowMs : Date.parse(decided);
  return instant(timesOf(schedule).nextAfter(Math.max(nowMs, decidedMs)));
}

/** The due times of a schedule, starting with its next time. */
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

/** Cached next times: they change only when the schedule fires or is changed. */
const cache = new LRUCache<string, string[]>({ max: 2_000 });

/** The next five times of a schedule; none while it is paused. */
export function nextTimes(schedule: ScheduleRecord): string[] {
  const { next, cron, every, timeZone, paused } = schedule;
  if (next === undefined || paused) return [];
  const key = JSON.stringify([next, cron, every, timeZone]);
  const seen = cache.get(key);
  if (seen) return seen;
  const found = [next];
  try {
    const times = timesOf(schedule);
    for (let atMs = times.nextAfter(Date.parse(next)); atMs !== undefined; atMs = times.nextAfter(atMs)) {
      found.push(new Date(atMs).toISOString());
      if (found.length === nextTimesShown) break;
    }
  } catch (error) {
    // A schedule with an unsupported expression is still listed, so that its owner can change or delete it.
    if (!(error instanceof GatewayError)) throw error;
  }
  cache.set(key, found);
  return found;
}

function instant(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
