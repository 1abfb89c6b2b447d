import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTiming } from './timing.ts';

describe('what the server is told', () => {
  test.each([
    [{ cron: '30 2 * * MON-FRI' }, '0 30 2 * * MON-FRI', undefined],
    [{ cron: '15 30 2 * * *', timeZone: 'Europe/Berlin' }, '15 30 2 * * *', 'Europe/Berlin'],
    [{ cron: '  0   9 * *\t1 ' }, '0 0 9 * * 1', undefined],
    [{ cron: '@daily', timeZone: 'UTC' }, '@daily', 'UTC'],
    [{ every: '1s' }, '@every 1s', undefined],
    [{ every: '15m' }, '@every 900s', undefined],
    [{ every: '1h30m' }, '@every 5400s', undefined],
    [{ every: ' 1d ' }, '@every 86400s', undefined],
    [{ every: '366d' }, '@every 31622400s', undefined],
  ])('%j', (timing, specification, timeZone) => {
    expect(readTiming(timing)).toEqual({ ok: true, specification, timeZone });
  });

  test('an interval is the sum of its parts', () => {
    const part = fc.nat(100);
    fc.assert(
      fc.property(part, part, part, part, (d, h, m, s) => {
        fc.pre(d + h + m + s > 0);
        const total = d * 86_400 + h * 3_600 + m * 60 + s;
        expect(readTiming({ every: `${d}d${h}h${m}m${s}s` })).toMatchObject({
          specification: `@every ${total}s`,
        });
      }),
    );
  });
});

describe('what is refused, with what to write instead', () => {
  test.each([
    [{}, /either `cron` or `every`/],
    [{ cron: '@daily', every: '1d' }, /not both/],
    [{ every: '1h', timeZone: 'UTC' }, /time zone goes with `cron` alone/],
    [{ every: '' }, /like 15m/],
    [{ every: '0s' }, /a second at least/],
    [{ every: '367d' }, /366 days at most/],
    [{ every: '500ms' }, /whole days/],
    [{ every: '1.5h' }, /like 15m/],
    [{ every: '5' }, /like 15m/],
    [{ every: '1m1h' }, /like 15m/],
    [{ every: '-1h' }, /like 15m/],
    [{ cron: '' }, /five fields/],
    [{ cron: '* * * *' }, /five fields/],
    [{ cron: '* * * * * * *' }, /five fields/],
    [{ cron: '@every 1s' }, /five fields/],
    [{ cron: '@at 2030-01-01T00:00:00Z' }, /five fields/],
    [{ cron: '@daily', timeZone: 'Local' }, /Europe\/Berlin/],
  ])('%j', (timing, why) => {
    expect(readTiming(timing)).toEqual({ ok: false, why: expect.stringMatching(why) as string });
  });

  test('whatever is written, it is read or refused with a reason', () => {
    const text = fc.option(fc.string({ maxLength: 30 }), { nil: undefined });
    fc.assert(
      fc.property(text, text, text, (cron, every, timeZone) => {
        const read = readTiming({ cron, every, timeZone });
        if (read.ok) expect(read.specification).toMatch(/^(@\S+|@every \d+s|\S+( \S+){5})$/);
        else expect(read.why.length).toBeGreaterThan(20);
      }),
    );
  });
});
