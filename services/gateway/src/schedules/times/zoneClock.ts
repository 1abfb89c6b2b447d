import { LRUCache } from 'lru-cache';

/** More than the offset of any zone from UTC, and more than any clock change. */
const marginMs = 26 * 60 * 60 * 1_000;
/** The clocks that were used last. About 600 zone names exist; one clock takes some tens of kilobytes. */
const clocks = new LRUCache<string, ZoneClock>({ max: 200 });

/** The instant of a wall-clock time, or the end of the gap that the clock skipped. */
export type Instants =
  | { readonly isGap: false; readonly firstMs: number }
  | { readonly isGap: true; readonly endMs: number };

/** The clock of a time zone. `undefined`: the zone does not exist. */
export function zoneClock(timeZone: string): ZoneClock | undefined {
  const known = clocks.get(timeZone);
  if (known) return known;
  // An offset such as +02:00 is refused: it has no clock changes, which is hardly what its author means.
  if (!/^[A-Za-z]/.test(timeZone)) return undefined;
  try {
    const clock = new ZoneClock(timeZone);
    clocks.set(timeZone, clock);
    return clock;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * The wall clock of a time zone. A wall-clock time is represented by the instant at which a clock in UTC shows the same, in
 * milliseconds. The rules of zones are those of Node (ICU).
 */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError when the zone does not exist */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** How far the wall clock is ahead of UTC at a whole second. */
  offsetMs(atMs: number): number {
    // "3/28/2027, 03:00:00"
    const fields = this.#format.format(atMs).match(/\d+/g)?.map(Number) ?? [];
    const [month = 1, day, year = 1970, hour, minute, second] = fields;
    return Date.UTC(year, month - 1, day, hour, minute, second) - atMs;
  }

  /** The instant of a wall-clock time (a whole second). Of a time that occurs twice it is the first occurrence. */
  instantsOf(wallMs: number): Instants {
    const before = this.offsetMs(wallMs - marginMs);
    const after = this.offsetMs(wallMs + marginMs);
    // The larger offset gives the earlier instant.
    for (const offset of before > after ? [before, after] : [after, before])
      if (this.offsetMs(wallMs - offset) === offset) return { isGap: false, firstMs: wallMs - offset };
    return { isGap: true, endMs: this.#changeWithin(wallMs - marginMs, wallMs + marginMs) };
  }

  /** The first clock change after `fromMs`, and at most 26 hours later. */
  changeAfter(fromMs: number): number | undefined {
    const untilMs = fromMs + marginMs;
    return this.offsetMs(fromMs) === this.offsetMs(untilMs) ? undefined : this.#changeWithin(fromMs, untilMs);
  }

  /** Clock changes are weeks apart, so exactly one lies between two instants with different offsets. */
  #changeWithin(fromMs: number, untilMs: number): number {
    const offset = this.offsetMs(fromMs);
    let [low, high] = [fromMs / 1_000, untilMs / 1_000];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetMs(middle * 1_000) === offset) low = middle;
      else high = middle;
    }
    return high * 1_000;
  }
}
