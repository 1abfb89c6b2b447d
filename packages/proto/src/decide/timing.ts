/** When a schedule fires, as its owner writes it. */
export type Timing = {
  readonly cron?: string | undefined;
  readonly every?: string | undefined;
  readonly timeZone?: string | undefined;
};
/** The same as the headers of a message schedule (NATS ADR-51), or what to write instead. */
export type ReadTiming =
  | { readonly ok: true; readonly specification: string; readonly timeZone: string | undefined }
  | { readonly ok: false; readonly why: string };

const named = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const interval = /^(?=\d)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/;
const daySeconds = 24 * 60 * 60;
/** The longest interval: a year. The server's own shortest one is a second. */
const longestSeconds = 366 * daySeconds;

const cronHelp =
  'Write five fields (minute hour day-of-month month day-of-week: "30 2 * * MON-FRI"), six with the second in front, or one of @hourly, @daily, @weekly, @monthly, @yearly. Sunday is 0.';

/**
 * Reads when a schedule is to fire. What a cron expression and a time zone mean is the server's to judge: here they
 * only get the form in which it takes them.
 */
export function readTiming({ cron, every, timeZone }: Timing): ReadTiming {
  if (cron !== undefined && every === undefined) return readCron(cron, timeZone);
  if (every === undefined || cron !== undefined)
    return { ok: false, why: 'Write either `cron` or `every`, and not both.' };
  if (timeZone !== undefined)
    return {
      ok: false,
      why: 'A time zone goes with `cron` alone: an interval is the same everywhere. Leave one of them out.',
    };
  return readEvery(every);
}

function readEvery(every: string): ReadTiming {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = interval.exec(every.trim()) ?? [];
  const total = Number(days) * daySeconds + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  if (total < 1 || total > longestSeconds)
    return {
      ok: false,
      why: `"${every}" is no interval. Write whole days, hours, minutes and seconds, like 15m, 1h30m or 1d; a second at least, 366 days at most.`,
    };
  return { ok: true, specification: `@every ${total}s`, timeZone: undefined };
}

function readCron(cron: string, timeZone: string | undefined): ReadTiming {
  // The server would take it, and mean the zone of the machine that it happens to run on.
  if (timeZone === 'Local')
    return { ok: false, why: '"Local" is no time zone. Write one like Europe/Berlin, or UTC.' };
  const fields = cron.trim().split(/\s+/);
  const specification = (fields.length === 5 ? ['0', ...fields] : fields).join(' ');
  if (fields.length === 5 || fields.length === 6 || named.has(specification))
    return { ok: true, specification, timeZone };
  return { ok: false, why: cronRefused(cron) };
}

/** What to write instead of a cron expression that cannot be read, or that never fires. */
export function cronRefused(cron: string): string {
  return `"${cron}" is no cron expression that ever fires. ${cronHelp}`;
}

/** What to write instead of a time zone that the server does not know. */
export function timeZoneRefused(timeZone: string): string {
  return `The server does not know the time zone "${timeZone}". Write an IANA name with its capitals, like Europe/Berlin, or UTC.`;
}
