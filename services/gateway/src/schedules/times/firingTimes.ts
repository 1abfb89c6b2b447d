import { LRUCache } from 'lru-cache';
import { CronTimes } from './cronTimes.ts';
import { zoneClock } from './zoneClock.ts';

/** When a schedule fires, as its owner configured it. */
export type Timing = {
  readonly cron?: string | undefined;
  readonly every?: string | undefined;
  readonly timeZone?: string | undefined;
};

/** Computes when a schedule fires. */
export type FiringTimes = {
  /** The first time after an instant, in milliseconds since 1970; `undefined`: none exists. */
  readonly nextAfter: (afterMs: number) => number | undefined;
};
/** The times of a schedule, or what to correct. */
export type ReadTiming =
  | { readonly ok: true; readonly timesFrom: (anchorMs: number) => FiringTimes }
  | { readonly ok: false; readonly why: string };

const interval = /^(?=\d)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/;
const secondMs = 1_000;
const daySeconds = 24 * 60 * 60;
/** The longest interval: a year. The shortest is a second. */
const longestSeconds = 366 * daySeconds;

const cronHelp =
  'Write five fields (minute hour day-of-month month day-of-week: "30 2 * * MON-FRI"), six with the second in front, or one of @hourly, @daily, @weekly, @monthly, @yearly. Sunday is 0 or 7.';

/** Parsed expressions, since many schedules share one. One takes some kilobytes, and tens of microseconds to parse. */
const cronTimes = new LRUCache<string, CronTimes>({ max: 1_000 });

/**
 * Reads when a schedule is to fire. `timesFrom` takes the instant that intervals are counted from, so that late firings do
 * not shift later ones. A cron expression does not depend on it.
 */
export function readTiming({ cron, every, timeZone }: Timing): ReadTiming {
  if (cron !== undefined && every === undefined) return readCron(cron, timeZone ?? 'UTC');
  if (every === undefined || cron !== undefined)
    return { ok: false, why: 'Set either `cron` or `every`, and not both.' };
  if (timeZone !== undefined)
    return {
      ok: false,
      why: 'A time zone applies to `cron` only, since an interval does not depend on it. Omit `timeZone` or use `cron`.',
    };
  return readEvery(every);
}

function readEvery(every: string): ReadTiming {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = interval.exec(every.trim()) ?? [];
  const total = Number(days) * daySeconds + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  if (total < 1 || total > longestSeconds)
    return {
      ok: false,
      why: `"${every}" is not an interval. Write whole days, hours, minutes and seconds, like 15m, 1h30m or 1d: at least a second, at most 366 days.`,
    };
  const everyMs = total * secondMs;
  return {
    ok: true,
    timesFrom: anchorMs => ({
      nextAfter: afterMs =>
        anchorMs + (Math.max(0, Math.floor((afterMs - anchorMs) / everyMs)) + 1) * everyMs,
    }),
  };
}

function readCron(cron: string, timeZone: string): ReadTiming {
  const clock = zoneClock(timeZone);
  if (!clock)
    return {
      ok: false,
      why: `The time zone "${timeZone}" does not exist. Write an IANA name, like Europe/Berlin, or UTC.`,
    };
  const key = JSON.stringify([cron, timeZone]);
  const known = cronTimes.get(key);
  if (known) return { ok: true, timesFrom: () => known };
  try {
    const times = new CronTimes(cron, clock);
    if (times.nextAfter(Date.now()) === undefined) throw new Error('no date matches it');
    cronTimes.set(key, times);
    return { ok: true, timesFrom: () => times };
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Cron\w*: /, '') : String(error);
    return { ok: false, why: `"${cron}" is not a valid cron expression: ${why}. ${cronHelp}` };
  }
}
