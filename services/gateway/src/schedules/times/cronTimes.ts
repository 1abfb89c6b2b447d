import { Cron } from 'croner';
import type { ZoneClock } from './zoneClock.ts';

const nicknames: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 0 1 1 *'],
  ['@annually', '0 0 0 1 1 *'],
  ['@monthly', '0 0 0 1 * *'],
  ['@weekly', '0 0 0 * * 0'],
  ['@daily', '0 0 0 * * *'],
  ['@midnight', '0 0 0 * * *'],
  ['@hourly', '0 0 * * * *'],
]);
const hoursOfDay = 24;
const secondMs = 1_000;
/** Longer than the two margins within which a clock change can affect a time. */
const farMs = 52 * 60 * 60 * 1_000;

/**
 * The times of a cron expression in a time zone.
 *
 * croner computes the wall-clock times that match the expression; this class maps them to instants. croner itself skips
 * times in a gap for expressions with a step (`0 *\/2 * * *`), and loses a time in a gap that ends at midnight
 * (America/Nuuk), up to a whole week of a weekly expression. cron-parser and nats-server lose some as well: see decision
 * 0019.
 *
 * - An expression that names hours means times of day. A time that the clock skips fires right after the gap, several in
 *   one gap together once. A time that occurs twice fires the first time.
 * - An expression that matches every hour (`*` as its hour) means a rhythm, which a clock change neither interrupts for an
 *   hour nor doubles: it fires whenever the wall clock shows a matching time.
 */
export class CronTimes {
  readonly #wall: Cron;
  readonly #clock: ZoneClock;
  readonly #isRhythm: boolean;

  /** @throws Error that states what is wrong with the expression */
  constructor(expression: string, clock: ZoneClock) {
    const written = expression.trim().toLowerCase();
    const fields = (nicknames.get(written) ?? expression.trim()).split(/\s+/);
    if (fields.length !== 5 && fields.length !== 6)
      throw new Error(`it has ${fields.length === 1 ? '1 field' : `${fields.length} fields`}`);
    const withSecond = fields.length === 5 ? ['0', ...fields] : fields;
    this.#wall = parse(withSecond.join(' '));
    this.#isRhythm = hoursIn(withSecond[2] ?? '*') === hoursOfDay;
    this.#clock = clock;
  }

  /** The first time after an instant, in milliseconds since 1970; `undefined`: none exists. */
  nextAfter(afterMs: number): number | undefined {
    const fromMs = Math.floor(afterMs / secondMs) * secondMs;
    return this.#isRhythm ? this.#nextBeat(fromMs) : this.#nextTimeOfDay(fromMs, afterMs);
  }

  /**
   * The instants of ordered wall-clock times are ordered: the first occurrence of a time is before that of a later time, and
   * times in a gap are mapped to its end. So the first time whose instant is after `afterMs` is the result.
   */
  #nextTimeOfDay(fromMs: number, afterMs: number): number | undefined {
    for (let wallMs = fromMs + this.#clock.offsetMs(fromMs); ; ) {
      const next = this.#nextWall(wallMs);
      if (next === undefined) return undefined;
      wallMs = next;
      const instants = this.#clock.instantsOf(wallMs);
      const atMs = instants.isGap ? instants.endMs : instants.firstMs;
      if (atMs > afterMs) return atMs;
    }
  }

  /** Searches from one clock change to the next: between them the offset is constant. */
  #nextBeat(afterMs: number): number | undefined {
    for (let fromMs = afterMs; ; ) {
      const offset = this.#clock.offsetMs(fromMs);
      const changeMs = this.#clock.changeAfter(fromMs);
      const wallMs = this.#nextWall(fromMs + offset);
      const atMs = wallMs === undefined ? Number.POSITIVE_INFINITY : wallMs - offset;
      if (changeMs !== undefined) {
        if (atMs < changeMs) return atMs;
        const shown = changeMs + this.#clock.offsetMs(changeMs);
        if (this.#nextWall(shown - secondMs) === shown) return changeMs;
        fromMs = changeMs;
      } else if (wallMs === undefined) {
        return undefined;
      } else if (atMs <= fromMs + farMs / 2) {
        return atMs;
      } else {
        // No time matches before it, regardless of clock changes until shortly before.
        fromMs = Math.max(fromMs + farMs / 2, atMs - farMs);
      }
    }
  }

  #nextWall(afterMs: number): number | undefined {
    return this.#wall.nextRun(new Date(afterMs))?.getTime();
  }
}

/** Parses a cron expression of six fields, for a clock without changes. */
function parse(expression: string): Cron {
  // `5/10` is `5-59/10`, as nats-server reads it as well.
  return new Cron(expression, { utcOffset: 0, paused: true, mode: '6-part', sloppyRanges: true });
}

function hoursIn(field: string): number {
  const day = Date.UTC(2000, 0, 1);
  return parse(`0 0 ${field} * * *`)
    .nextRuns(hoursOfDay, new Date(day - secondMs))
    .filter(run => run.getTime() < day + hoursOfDay * 60 * 60 * secondMs).length;
}
