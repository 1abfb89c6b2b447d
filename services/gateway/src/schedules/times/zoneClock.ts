import { LRUCache } from 'lru-cache';

/** More than any zone is away from UTC, and than any of them ever moved its clock. */
const marginMs = 26 * 60 * 60 * 1_000;
/** There are about 600 names of zones; a clock of one takes some tens of kilobytes. */
const clocks = new LRUCache<string, ZoneClock>({ max: 200 });

/** Where a wall-clock time lies: at one instant or two, or in a gap that the clock left out. */
export type Instants =
  | { readonly isGap: false; readonly firstMs: number }
  | { readonly isGap: true; readonly endMs: number };

/** The clock of a time zone, or `undefined` where there is no such zone. */
export function zoneClock(timeZone: string): ZoneClock | undefined {
  const known = clocks.get(timeZone);
  if (known) return known;
  // An offset such as +02:00 is no zone: it never changes its clock, which is hardly what its author means.
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
 * What the clock on the wall says in a time zone. A wall-clock time is written as the instant at which UTC would say
 * the same, in milliseconds. The rules of the zones are those that come with Node (ICU).
 */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError when there is no such zone */
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

  /** Where a wall-clock time (a whole second) lies. Of a time that occurs twice it is the first occurrence. */
  instantsOf(wallMs: number): Instants {
    const before = this.offsetMs(wallMs - marginMs);
    const after = this.offsetMs(wallMs + marginMs);
    // The larger offset gives the earlier instant.
    for (const offset of before > after ? [before, after] : [after, before])
      if (this.offsetMs(wallMs - offset) === offset) return { isGap: false, firstMs: wallMs - offset };
    return { isGap: true, endMs: this.#changeWithin(wallMs - marginMs, wallMs + marginMs) };
  }

  /** The first instant after `fromMs`, and at most 26 hours later, at which the clock has been changed. */
  changeAfter(fromMs: number): number | undefined {
    const untilMs = fromMs + marginMs;
    return this.offsetMs(fromMs) === this.offsetMs(untilMs) ? undefined : this.#changeWithin(fromMs, untilMs);
  }

  /** Clocks are changed weeks apart, so there is one change between two instants with different offsets. */
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
