import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTiming } from './firingTimes.ts';

function timesFrom(timing: Parameters<typeof readTiming>[0], anchorMs: number) {
  const read = readTiming(timing);
  if (!read.ok) throw new Error(read.why);
  return read.timesFrom(anchorMs);
}

describe('an interval', () => {
  test.each([
    ['1s', 1],
    ['15m', 900],
    ['1h30m', 5_400],
    [' 1d ', 86_400],
    ['366d', 31_622_400],
  ])('%s', (every, seconds) => {
    expect(timesFrom({ every }, 0).nextAfter(0)).toBe(seconds * 1_000);
  });

  test('is the sum of its parts, and keeps its phase: each time is a multiple of it after the anchor', () => {
    const part = fc.nat(100);
    fc.assert(
      fc.property(part, part, part, part, fc.nat(1e9), fc.nat(1e12), (d, h, m, s, anchorMs, passedMs) => {
        fc.pre(d + h + m + s > 0);
        const everyMs = (d * 86_400 + h * 3_600 + m * 60 + s) * 1_000;
        const afterMs = anchorMs + passedMs;
        const next = timesFrom({ every: `${d}d${h}h${m}m${s}s` }, anchorMs).nextAfter(afterMs) ?? 0;
        expect((next - anchorMs) % everyMs).toBe(0);
        expect(next).toBeGreaterThan(afterMs);
        expect(next - everyMs).toBeLessThanOrEqual(afterMs);
      }),
    );
  });
});

describe('a cron expression', () => {
  const after = Date.parse('2027-04-02T12:00:00.500Z');
  test.each([
    [{ cron: '15 30 2 * * *', timeZone: 'Europe/Berlin' }, '2027-04-03T00:30:15.000Z'],
    [{ cron: '  0   9 * *\t1 ' }, '2027-04-05T09:00:00.000Z'],
    [{ cron: '@daily', timeZone: 'UTC' }, '2027-04-03T00:00:00.000Z'],
    [{ cron: '@hourly' }, '2027-04-02T13:00:00.000Z'],
    [{ cron: '* * * * * *' }, '2027-04-02T12:00:01.000Z'],
    [{ cron: '5/10 * * * *' }, '2027-04-02T12:05:00.000Z'],
  ])('%j', (timing, next) => {
    expect(new Date(timesFrom(timing, 0).nextAfter(after) ?? 0).toISOString()).toBe(next);
  });
});

describe('what is refused, with what to write instead', () => {
  test.each([
    [{}, /either `cron` or `every`/],
    [{ cron: '@daily', every: '1d' }, /not both/],
    [{ every: '1h', timeZone: 'UTC' }, /time zone applies to `cron` only/],
    [{ every: '' }, /like 15m/],
    [{ every: '0s' }, /at least a second/],
    [{ every: '367d' }, /at most 366 days/],
    [{ every: '500ms' }, /whole days/],
    [{ every: '1.5h' }, /like 15m/],
    [{ every: '5' }, /like 15m/],
    [{ every: '1m1h' }, /like 15m/],
    [{ every: '-1h' }, /like 15m/],
    [{ cron: '' }, /five fields/],
    [{ cron: '* * * *' }, /4 fields.*five fields/],
    [{ cron: '* * * * * * *' }, /7 fields.*five fields/],
    [{ cron: '61 * * * *' }, /Invalid value for minute.*five fields/],
    [{ cron: '0 0 31 2 *' }, /no date matches it/],
    [{ cron: '@every 1s' }, /five fields/],
    [{ cron: '@reboot' }, /five fields/],
    [{ cron: '2030-01-01T00:00:00' }, /five fields/],
    [{ cron: '@at 2030-01-01T00:00:00Z' }, /five fields/],
    [{ cron: '@daily', timeZone: 'Local' }, /Europe\/Berlin/],
    [{ cron: '@daily', timeZone: 'Mars/Base' }, /Mars\/Base.*IANA/],
    [{ cron: '@daily', timeZone: '+02:00' }, /IANA/],
  ])('%j', (timing, why) => {
    expect(readTiming(timing)).toEqual({ ok: false, why: expect.stringMatching(why) as string });
  });

  test('whatever is written, it is read or refused with a reason', () => {
    const token = fc.constantFrom(
      '*',
      '0',
      '7',
      '31',
      '99',
      '*/5',
      '1-5',
      'MON',
      'L',
      '5#2',
      '+1',
      '?',
      '-',
      ',',
      '1/0',
      '@daily',
    );
    const written = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.array(token, { maxLength: 7 }).map(all => all.join(' ')),
    );
    const text = fc.option(written, { nil: undefined });
    fc.assert(
      fc.property(text, text, text, (cron, every, timeZone) => {
        const read = readTiming({ cron, every, timeZone });
        if (read.ok) expect(read.timesFrom(0).nextAfter(0)).toBeGreaterThan(0);
        else expect(read.why.length).toBeGreaterThan(20);
      }),
    );
  });
});
