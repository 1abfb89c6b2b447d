import { describe, expect, test } from 'vitest';
import { percentilesOf, ThroughputSeries, type Timed } from './throughput.ts';

const now = Date.parse('2026-11-21T10:04:30.000Z');
const at = (minute: number, second = 0) => new Date(Date.UTC(2026, 10, 21, 10, minute, second)).toISOString();
const task = (more: Partial<Timed>): Timed => ({
  name: 'audio.transcribe',
  status: 'COMPLETED',
  createdAt: at(0),
  ...more,
});
const seriesOf = (tasks: readonly Timed[], query: { buckets?: number; name?: string } = {}) => {
  const series = new ThroughputSeries({ lastMs: 5 * 60_000, buckets: 5, ...query }, now);
  for (const one of tasks) series.add(one);
  return series.read(false);
};

describe('a time series of tasks', () => {
  test('counts each moment of a task where it was, and how long it took', () => {
    const { bucketMs, buckets } = seriesOf([
      task({ createdAt: at(0, 10), startedAt: at(1, 10), finishedAt: at(3, 10) }),
      task({ createdAt: at(1), status: 'FAILED', startedAt: at(1), finishedAt: at(3, 59) }),
      task({ createdAt: at(4), status: 'CANCELED', finishedAt: at(4, 1) }),
      task({ createdAt: at(4), status: 'RUNNING', scheduledFor: at(4, 20), startedAt: at(4, 22) }),
    ]);
    expect(bucketMs).toBe(60_000);
    const none = { created: 0, started: 0, completed: 0, failed: 0, canceled: 0, waiting: 0, running: 0 };
    expect(buckets).toEqual([
      { ...none, at: at(0), created: 1, waiting: 1 },
      { ...none, at: at(1), created: 1, started: 2, running: 2, waitingMs: { p50: 0, p95: 60_000 } },
      { ...none, at: at(2), running: 2 },
      { ...none, at: at(3), completed: 1, failed: 1, runningMs: { p50: 120_000, p95: 179_000 } },
      {
        ...none,
        at: at(4),
        created: 2,
        started: 1,
        canceled: 1,
        running: 1,
        waitingMs: { p50: 2_000, p95: 2_000 },
      },
    ]);
  });

  describe('counts what waited and what ran at the end of each point:', () => {
    const before = '2026-11-21T09:50:00.000Z';
    const after = '2026-11-21T10:20:00.000Z';
    const loadOf = (one: Partial<Timed>) => {
      const { buckets } = seriesOf([task(one)]);
      return {
        waiting: buckets.map(({ waiting }) => waiting).join(''),
        running: buckets.map(({ running }) => running).join(''),
      };
    };

    test.each<[string, Partial<Timed>, string, string]>([
      [
        'ended before the series',
        { createdAt: before, startedAt: before, finishedAt: before },
        '00000',
        '00000',
      ],
      ['began before it and runs', { createdAt: before, startedAt: before }, '00000', '11111'],
      [
        'began before it, ends in it',
        { createdAt: before, startedAt: before, finishedAt: at(2) },
        '00000',
        '11000',
      ],
      ['waits since before it', { createdAt: before }, '11111', '00000'],
      ['waits since before it, begins in it', { createdAt: before, startedAt: at(3) }, '11100', '00011'],
      ['begins and ends within a point', { startedAt: at(0, 1), finishedAt: at(0, 9) }, '00000', '00000'],
      ['ends without having begun', { status: 'CANCELED', finishedAt: at(2) }, '11000', '00000'],
      ['waits from its time on', { scheduledFor: at(1, 30), startedAt: at(3) }, '01100', '00011'],
      ['is due later than now, in the last point', { scheduledFor: at(4, 31) }, '00000', '00000'],
      ['is due after the series', { scheduledFor: after }, '00000', '00000'],
      ['is canceled before its time', { scheduledFor: at(3), finishedAt: at(1) }, '00000', '00000'],
      ['began before it was made, by its clock', { createdAt: at(2), startedAt: at(1) }, '00000', '01111'],
      ['ended before it began, by its clock', { startedAt: at(3), finishedAt: at(2) }, '11000', '00000'],
    ])('a task that %s', (_what, one, waiting, running) => {
      expect(loadOf(one)).toEqual({ waiting, running });
    });
  });

  test('leaves out what was before it, what is still to come, and other names', () => {
    const { buckets } = seriesOf(
      [
        task({ createdAt: '2026-11-21T09:59:59.999Z', startedAt: at(2) }),
        task({ createdAt: at(5) }),
        task({ name: 'audio.other', createdAt: at(2) }),
      ],
      { name: 'audio.transcribe' },
    );
    expect(buckets.reduce((sum, { created }) => sum + created, 0)).toBe(0);
    expect(buckets[2]).toMatchObject({ at: at(2), started: 1 });
  });

  test('begins its points at whole multiples, whenever it is drawn', () => {
    const drawn = (nowMs: number) =>
      new ThroughputSeries({ lastMs: 3_600_000, buckets: 7 }, nowMs).read(false);
    const first = drawn(now);
    expect(first.bucketMs).toBe(515_000);
    expect(Date.parse(first.buckets[0]!.at) % first.bucketMs).toBe(0);
    expect(drawn(now + 1_000)).toEqual(first);
    expect(Date.parse(first.buckets[6]!.at)).toBeLessThanOrEqual(now);
    expect(Date.parse(first.buckets[6]!.at) + first.bucketMs).toBeGreaterThan(now);
  });
});

test('percentiles are values that were there', () => {
  expect(percentilesOf([5])).toEqual({ p50: 5, p95: 5 });
  expect(percentilesOf([10, 2, 9, 1])).toEqual({ p50: 2, p95: 10 });
  expect(percentilesOf(Array.from({ length: 100 }, (_, n) => 100 - n))).toEqual({ p50: 50, p95: 95 });
});
