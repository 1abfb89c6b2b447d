import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTiming } from './firingTimes.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

function timesOf(cron: string, timeZone: string) {
  const timing = readTiming({ cron, timeZone });
  if (!timing.ok) throw new Error(timing.why);
  return timing.timesFrom(0);
}

/** The times of an expression after an instant, as many as asked for. */
function next(cron: string, timeZone: string, after: string, count: number): string[] {
  const times = timesOf(cron, timeZone);
  const found: string[] = [];
  for (let atMs = Date.parse(after); found.length < count; ) {
    atMs = times.nextAfter(atMs) ?? Number.NaN;
    found.push(new Date(atMs).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
}

describe('what the issue names', () => {
  test('`30 2 * * *` Europe/Berlin fires once on 2027-03-28, right after the gap', () => {
    expect(next('30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00Z', 3)).toEqual([
      '2027-03-28T01:00Z',
      '2027-03-29T00:30Z',
      '2027-03-30T00:30Z',
    ]);
  });

  test('`30 2 * * *` Europe/Berlin fires once on 2027-10-31, the first time that it is half past two', () => {
    expect(next('30 2 * * *', 'Europe/Berlin', '2027-10-30T12:00Z', 3)).toEqual([
      '2027-10-31T00:30Z',
      '2027-11-01T01:30Z',
      '2027-11-02T01:30Z',
    ]);
    // Also for a gateway that looks between the two.
    expect(next('30 2 * * *', 'Europe/Berlin', '2027-10-31T00:45Z', 1)).toEqual(['2027-11-01T01:30Z']);
    expect(next('30 2 * * *', 'Europe/Berlin', '2027-10-31T01:15Z', 1)).toEqual(['2027-11-01T01:30Z']);
  });

  test.each([
    ['0 0 * * 0', 'America/Santiago', '2026-09-01T00:00Z', ['2026-09-06T04:00Z', '2026-09-13T03:00Z']],
    ['0 0 * * 0', 'Asia/Beirut', '2027-03-22T00:00Z', ['2027-03-27T22:00Z', '2027-04-03T21:00Z']],
    ['0 0 * * 5', 'Africa/Cairo', '2027-04-28T00:00Z', ['2027-04-29T22:00Z', '2027-05-06T21:00Z']],
    ['0 0 1 10 *', 'America/Asuncion', '2023-09-30T00:00Z', ['2023-10-01T04:00Z', '2024-10-01T04:00Z']],
    // The gap ends at midnight, so the time after it is on another day.
    ['30 23 * * 6', 'America/Nuuk', '2027-03-26T12:00Z', ['2027-03-28T01:00Z', '2027-04-04T00:30Z']],
  ])('%s in %s, whose clock changes at midnight, loses no week and no month', (cron, zone, after, times) => {
    expect(next(cron, zone, after, times.length)).toEqual(times);
  });
});

describe('a change of the clock', () => {
  test.each([
    [
      'times that lie in one gap fire together, once',
      '*/15 2 * * *',
      '2027-03-28T00:00Z',
      ['2027-03-28T01:00Z', '2027-03-29T00:00Z'],
    ],
    [
      'a step of hours means hours of the day',
      '0 */2 * * *',
      '2027-03-27T23:30Z',
      ['2027-03-28T01:00Z', '2027-03-28T02:00Z'],
    ],
    [
      'every hour is a rhythm, and has no extra time after a gap',
      '30 * * * *',
      '2027-03-28T00:00Z',
      ['2027-03-28T00:30Z', '2027-03-28T01:30Z', '2027-03-28T02:30Z'],
    ],
    [
      'nor a silent hour where a time comes twice',
      '30 * * * *',
      '2027-10-31T00:00Z',
      ['2027-10-31T00:30Z', '2027-10-31T01:30Z', '2027-10-31T02:30Z'],
    ],
  ])('%s: %s', (_what, cron, after, times) => {
    expect(next(cron, 'Europe/Berlin', after, times.length)).toEqual(times);
  });

  test('of a whole day (Pacific/Apia, 30 December 2011): the day’s time fires right after it', () => {
    expect(next('10 5 * * *', 'Pacific/Apia', '2011-12-29T00:00Z', 4)).toEqual([
      '2011-12-29T15:10Z',
      '2011-12-30T10:00Z',
      '2011-12-30T15:10Z',
      '2011-12-31T15:10Z',
    ]);
  });
});

describe('day of month and day of week', () => {
  test.each([
    [
      'both: either of them',
      '0 0 1 * 1',
      ['2027-04-05', '2027-04-12', '2027-04-19', '2027-04-26', '2027-05-01'],
    ],
    [
      'a step names days as well',
      '0 0 */10 * 1',
      ['2027-04-05', '2027-04-11', '2027-04-12', '2027-04-19', '2027-04-21'],
    ],
    ['with +: both of them', '0 0 1 * +MON', ['2027-11-01', '2028-05-01']],
    ['`*` as one: the other', '0 0 * * 1', ['2027-04-05', '2027-04-12']],
    ['7 is Sunday too', '0 0 * * 7', ['2027-04-04', '2027-04-11']],
    ['the last day of the month', '0 0 L * *', ['2027-04-30', '2027-05-31']],
    ['the second Friday', '0 0 * * FRI#2', ['2027-04-09', '2027-05-14']],
    ['a leap day waits for its year', '0 0 29 2 *', ['2028-02-29', '2032-02-29']],
  ])('%s: %s', (_what, cron, days) => {
    expect(next(cron, 'UTC', '2027-04-02T12:00Z', days.length)).toEqual(days.map(day => `${day}T00:00Z`));
  });
});

/** What the walls of a zone show, minute by minute over two years: found by asking Intl alone. */
type Walls = { readonly fromMs: number; readonly wallMs: Float64Array };

const zones: readonly (readonly [zone: string, year: number])[] = [
  ['UTC', 2026],
  ['Asia/Kolkata', 2026],
  ['Europe/Berlin', 2027],
  ['America/New_York', 2027],
  ['Australia/Lord_Howe', 2026],
  ['America/Santiago', 2026],
  ['America/Sao_Paulo', 2017],
  ['America/Asuncion', 2023],
  ['America/Nuuk', 2027],
  ['Africa/Cairo', 2026],
  ['Africa/Casablanca', 2026],
  ['Asia/Tehran', 2021],
  ['Asia/Beirut', 2026],
  ['Pacific/Apia', 2011],
  ['Antarctica/Troll', 2026],
];

function wallsOf(timeZone: string, year: number): Walls {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' });
  const offsetMs = (atMs: number) => {
    const name = format.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes = 0] = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(name) ?? [];
    const minutesAhead = Number(hours ?? 0) * 60 + Number(minutes);
    return (sign === '-' ? -minutesAhead : minutesAhead) * minuteMs;
  };
  const fromMs = Date.UTC(year, 0, 1);
  const count = (Date.UTC(year + 2, 0, 1) - fromMs) / minuteMs;
  const wallMs = new Float64Array(count);
  // Every clock is changed at a quarter of an hour.
  let offset = 0;
  for (let i = 0; i < count; i += 1) {
    if (i % 15 === 0) offset = offsetMs(fromMs + i * minuteMs);
    wallMs[i] = fromMs + i * minuteMs + offset;
  }
  return { fromMs, wallMs };
}

/** One field: what it fits, and how it is written. */
type Field = { readonly text: string; readonly values: ReadonlySet<number>; readonly isStar: boolean };

function field(least: number, most: number): fc.Arbitrary<Field> {
  const every = Array.from({ length: most - least + 1 }, (_, i) => least + i);
  const value = fc.integer({ min: least, max: most });
  const made = (text: string, values: readonly number[]): Field => ({
    text,
    values: new Set(values),
    isStar: text === '*',
  });
  return fc.oneof(
    fc.constant(made('*', every)),
    value.map(one => made(`${one}`, [one])),
    fc.uniqueArray(value, { minLength: 2, maxLength: 4 }).map(some => made(some.join(','), some)),
    fc.tuple(value, value).map(([a, b]) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      return made(
        `${low}-${high}`,
        every.filter(one => one >= low && one <= high),
      );
    }),
    fc.integer({ min: 2, max: Math.max(2, Math.floor((most - least) / 2)) }).map(step =>
      made(
        `*/${step}`,
        every.filter(one => (one - least) % step === 0),
      ),
    ),
  );
}

const nightHours = fc
  .subarray([0, 1, 2, 3, 22, 23], { minLength: 1 })
  .map((hours): Field => ({ text: hours.join(','), values: new Set(hours), isStar: false }));

type Expression = { readonly [F in 'minute' | 'hour' | 'day' | 'month' | 'weekday']: Field };
const expressions: fc.Arbitrary<Expression> = fc.record({
  minute: field(0, 59),
  // Where clocks change, half of the time.
  hour: fc.oneof(field(0, 23), nightHours),
  day: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Field>({ text: '*', values: new Set(), isStar: true }) },
    { weight: 1, arbitrary: field(1, 31) },
  ),
  month: fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constant<Field>({
        text: '*',
        values: new Set(Array.from({ length: 12 }, (_, i) => i + 1)),
        isStar: true,
      }),
    },
    { weight: 1, arbitrary: field(1, 12) },
  ),
  weekday: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Field>({ text: '*', values: new Set(), isStar: true }) },
    { weight: 1, arbitrary: field(0, 6) },
  ),
});

function fits({ minute, hour, day, month, weekday }: Expression, wallMs: number): boolean {
  const minuteOfDay = (wallMs % dayMs) / minuteMs;
  if (!minute.values.has(minuteOfDay % 60) || !hour.values.has(Math.floor(minuteOfDay / 60))) return false;
  const wall = new Date(wallMs);
  if (!month.values.has(wall.getUTCMonth() + 1)) return false;
  const [byDay, byWeekday] = [day.values.has(wall.getUTCDate()), weekday.values.has(wall.getUTCDay())];
  if (day.isStar) return weekday.isStar || byWeekday;
  return weekday.isStar ? byDay : byDay || byWeekday;
}

/** Walks through the minutes of a span, and looks at each. */
function oracle(expression: Expression, walls: Walls, from: number, to: number): number[] {
  const { fromMs, wallMs } = walls;
  const isRhythm = expression.hour.values.size === 24;
  const found: number[] = [];
  const before = wallMs.subarray(Math.max(0, from - 2 * 24 * 60), from);
  let shown = from === 0 ? (wallMs[0] ?? 0) - minuteMs : Math.max(...before);
  for (let i = from; i < to; i += 1) {
    const wall = wallMs[i] ?? Number.NaN;
    let fires = (isRhythm || wall > shown) && fits(expression, wall);
    if (!isRhythm)
      for (let left = shown + minuteMs; left < wall; left += minuteMs) fires ||= fits(expression, left);
    if (fires) found.push(fromMs + i * minuteMs);
    shown = Math.max(shown, wall);
  }
  return found;
}

/** The minutes at which the clock was changed. */
function changesIn({ wallMs }: Walls): number[] {
  const changes: number[] = [];
  for (let i = 1; i < wallMs.length; i += 1)
    if ((wallMs[i] ?? 0) - (wallMs[i - 1] ?? 0) !== minuteMs) changes.push(i);
  return changes;
}

describe.each(zones)('in %s in the two years from %i', (zone, year) => {
  const walls = wallsOf(zone, year);
  const changes = changesIn(walls);
  const minutes = walls.wallMs.length;
  const perDay = dayMs / minuteMs;
  const dense = 2_000;

  /** Compares every time of a span, and those after instants in it that are no times. */
  function compare(expression: Expression, from: number, to: number): void {
    const { minute, hour, day, month, weekday } = expression;
    const cron = [minute, hour, day, month, weekday].map(({ text }) => text).join(' ');
    const wanted = oracle(expression, walls, from, to);
    if (wanted.length > dense) return;
    const timing = readTiming({ cron, timeZone: zone });
    if (!timing.ok) {
      expect(wanted, cron).toEqual([]);
      return;
    }
    const times = timing.timesFrom(0);
    const endMs = walls.fromMs + to * minuteMs;
    const found: number[] = [];
    for (let atMs: number | undefined = walls.fromMs + from * minuteMs - 1; ; ) {
      atMs = times.nextAfter(atMs);
      if (atMs === undefined || atMs >= endMs) break;
      found.push(atMs);
    }
    const texts = (list: readonly number[]) => list.map(ms => new Date(ms).toISOString());
    expect(texts(found), `${cron} in ${zone}`).toEqual(texts(wanted));
    const middleMs = walls.fromMs + Math.floor((from + to) / 2) * minuteMs + 30_500;
    const later = wanted.find(ms => ms > middleMs);
    if (later !== undefined) expect(times.nextAfter(middleMs), cron).toBe(later);
  }

  test('every expression fires when a walk through the minutes says so, around each change of the clock', () => {
    fc.assert(
      fc.property(expressions, expression => {
        for (const change of changes.length > 0 ? changes : [minutes / 2])
          compare(expression, Math.max(0, change - 2 * perDay), Math.min(minutes, change + 2 * perDay));
      }),
      { numRuns: 12 },
    );
  });

  test('and those that fire seldom, over the two years', () => {
    const seldom = expressions.filter(
      ({ minute, hour, day, month, weekday }) =>
        minute.values.size * hour.values.size <= 2 ||
        (!day.isStar && !month.isStar && weekday.isStar && minute.values.size < 3),
    );
    fc.assert(
      fc.property(seldom, expression => compare(expression, 0, minutes)),
      { numRuns: 3 },
    );
  });
});
