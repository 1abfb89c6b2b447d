import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Firing,
  type FiringOutcome,
  firingOutcomes,
  firingsKept,
  misfireLimit,
  misfirePolicies,
  overlaps,
  type ScheduleRecord,
  scheduleSchema,
} from '../wire/schedule.ts';
import { type DueTimes, decideFirings, withEnd, withFiring } from './firing.ts';

const startMs = Date.parse('2026-01-02T02:30:00.000Z');
const instant = (seconds: number) => new Date(startMs + seconds * 1_000).toISOString();
const at = instant(0);
const taskId = '01890000-0000-7000-8000-000000000000';
const schedule: ScheduleRecord = {
  v: 1,
  id: 'nightly',
  owner: 'ann',
  name: 'script.echo',
  input: {},
  cron: '30 2 * * *',
  overlap: 'queue',
  misfire: 'one',
  misfireAfterMs: 60_000,
  priority: 'normal',
  paused: false,
  createdAt: '2026-01-01T00:00:00.000Z',
  firings: [],
  counts: { started: 0, skipped: 0, missed: 0, failed: 0 },
};

/** Times that were due so many seconds ago. */
const dueAgo = (...seconds: number[]): DueTimes => ({
  due: seconds.map(one => instant(-one)),
  next: instant(60),
  isBacklog: false,
});
/** What comes of each of them, as `<seconds ago> <outcome>`. */
function outcomes(more: Partial<ScheduleRecord>, times: DueTimes, previousActive = false): string[] {
  const { firings } = decideFirings({ ...schedule, ...more }, times, { nowMs: startMs, previousActive });
  return firings.map(
    ({ at: due, outcome, times: stands }) =>
      `${(startMs - Date.parse(due)) / 1_000} ${outcome}${stands === undefined ? '' : ` ${stands}`}`,
  );
}

describe('a time that is due', () => {
  test.each<[string, Partial<ScheduleRecord>, boolean, string[]]>([
    ['starts its task', {}, false, ['0 starting']],
    ['queues', { overlap: 'queue' }, true, ['0 starting']],
    ['skips while the task before is running', { overlap: 'skip' }, true, ['0 skipped']],
    ['does not skip once that task is over', { overlap: 'skip' }, false, ['0 starting']],
    ['cancels the task before', { overlap: 'cancelPrevious' }, true, ['0 starting']],
  ])('%s', (_what, more, previousActive, wanted) => {
    expect(outcomes(more, dueAgo(0), previousActive)).toEqual(wanted);
  });

  test.each([
    ['cancels the task before, where that is running', 'cancelPrevious', true, taskId],
    ['cancels nothing that is over', 'cancelPrevious', false, undefined],
    ['cancels nothing where it queues', 'queue', true, undefined],
  ] as const)('%s', (_what, overlap, previousActive, cancel) => {
    const withTask = { ...schedule, overlap, lastTask: { id: taskId, at } };
    expect(decideFirings(withTask, dueAgo(0), { nowMs: startMs, previousActive }).cancel).toBe(cancel);
  });
});

describe('of times that nobody dealt with', () => {
  test.each<[string, Partial<ScheduleRecord>, DueTimes, string[]]>([
    ['skip starts none', { misfire: 'skip' }, dueAgo(300, 200, 100), ['100 missed 3']],
    [
      'skip starts what is in time',
      { misfire: 'skip' },
      dueAgo(300, 200, 60),
      ['200 missed 2', '60 starting'],
    ],
    ['one starts the newest', { misfire: 'one' }, dueAgo(300, 200, 100), ['200 missed 2', '100 starting']],
    [
      'one has a time that is in time do for all',
      { misfire: 'one' },
      dueAgo(300, 200, 5),
      ['200 missed 2', '5 starting'],
    ],
    [
      'all starts each',
      { misfire: 'all' },
      dueAgo(300, 200, 100),
      ['300 starting', '200 starting', '100 starting'],
    ],
    [
      'in time is what the schedule says',
      { misfire: 'skip', misfireAfterMs: 250_000 },
      dueAgo(300, 200),
      ['300 missed', '200 starting'],
    ],
    [
      'all, one beside the other only where it queues',
      { misfire: 'all', overlap: 'skip' },
      dueAgo(300, 200),
      ['300 starting', '200 skipped'],
    ],
    [
      'all, the last alone where each cancels the one before',
      { misfire: 'all', overlap: 'cancelPrevious' },
      dueAgo(300, 200),
      ['300 skipped', '200 starting'],
    ],
    [
      'a backlog starts none: enough younger ones follow',
      { misfire: 'all' },
      { ...dueAgo(300, 200), isBacklog: true },
      ['200 missed 2'],
    ],
  ])('%s', (_what, more, times, wanted) => {
    expect(outcomes(more, times)).toEqual(wanted);
  });

  test('all starts a hundred at most: the newest', () => {
    const many = dueAgo(...Array.from({ length: 250 }, (_, i) => 1_000 - i));
    const decided = outcomes({ misfire: 'all' }, many);
    expect(decided).toHaveLength(misfireLimit + 1);
    expect(decided[0]).toBe(`${1_000 - 149} missed 150`);
    expect(decided.at(-1)).toBe(`${1_000 - 249} starting`);
  });

  test('whatever is due, each time comes to something once, and no more start than may', () => {
    const times = fc.uniqueArray(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 200 });
    const settings = fc.record({
      misfire: fc.constantFrom(...misfirePolicies),
      overlap: fc.constantFrom(...overlaps),
      misfireAfterMs: fc.integer({ min: 1_000, max: 3_000_000 }),
    });
    fc.assert(
      fc.property(times, settings, fc.boolean(), fc.boolean(), (ago, more, previousActive, isBacklog) => {
        const due = ago.toSorted((a, b) => b - a).map(one => instant(-one));
        const { firings } = decideFirings(
          { ...schedule, ...more },
          { due, next: undefined, isBacklog },
          { nowMs: startMs, previousActive },
        );
        const count = firings.reduce((sum, { times: stands = 1 }) => sum + stands, 0);
        expect(count).toBe(due.length);
        expect(firings.map(firing => firing.at)).toEqual(firings.map(firing => firing.at).toSorted());
        expect(firings.at(-1)?.at).toBe(due.at(-1));
        const starting = firings.filter(({ outcome }) => outcome === 'starting');
        expect(starting.length).toBeLessThanOrEqual(
          more.overlap === 'queue' && !isBacklog ? misfireLimit : Number(!isBacklog),
        );
      }),
    );
  });
});

describe('what a schedule keeps', () => {
  const idOf = (n: number) => `01890000-0000-7000-8000-${`${n}`.padStart(12, '0')}`;
  const firing = (second: number, outcome: FiringOutcome): Firing => ({
    at: instant(second),
    outcome,
    ...(outcome === 'started' ? { taskId: idOf(second) } : {}),
  });

  test('in whatever order firings are decided: the latest, newest first, every count, the latest task', () => {
    const one = fc.record({
      second: fc.integer({ min: 1, max: 400 }),
      outcome: fc.constantFrom(...firingOutcomes),
    });
    const many = fc.uniqueArray(one, { selector: ({ second }) => second, maxLength: 120 });
    fc.assert(
      fc.property(many, given => {
        const record = given.reduce(
          (before, { second, outcome }) => withFiring(before, firing(second, outcome)),
          schedule,
        );
        expect(scheduleSchema.parse(record)).toEqual(record);
        expect(record.firings.length).toBeLessThanOrEqual(firingsKept);
        const times = record.firings.map(each => Date.parse(each.at));
        expect(times).toEqual(times.toSorted((a, b) => b - a));
        for (const outcome of firingOutcomes)
          expect(record.counts[outcome]).toBe(given.filter(each => each.outcome === outcome).length);
        const started = given.filter(({ outcome }) => outcome === 'started').map(({ second }) => second);
        expect(record.lastTask?.id).toBe(started.length === 0 ? undefined : idOf(Math.max(...started)));
      }),
    );
  });

  test('missed times in a row are one line, which says how many', () => {
    const record = [10, 20, 30].reduce(
      (before, second) => withFiring(before, firing(second, 'missed')),
      schedule,
    );
    expect(record.firings).toEqual([{ at: instant(30), outcome: 'missed', times: 3 }]);
    expect(record.counts.missed).toBe(3);
  });

  test('a firing that is starting counts once it has started, and has the next one look at its task', () => {
    const starting = withFiring(schedule, { at, outcome: 'starting', taskId });
    expect(starting).toMatchObject({ counts: schedule.counts, lastTask: { id: taskId, at } });
    const started = withFiring(starting, { at, outcome: 'started', taskId });
    expect(started).toMatchObject({ counts: { started: 1 }, firings: [{ outcome: 'started' }] });
  });

  test('however many firings follow, one that has yet to start its task is kept', () => {
    const starting: Firing = { at, outcome: 'starting', taskId };
    const later = Array.from({ length: 2 * firingsKept }, (_, i) => firing(i + 1, 'started'));
    const record = later.reduce(withFiring, withFiring(schedule, starting));
    expect(record.firings).toHaveLength(firingsKept + 1);
    expect(record.firings.at(-1)).toEqual(starting);
  });

  test('a firing that comes to something else is counted once', () => {
    const failed = withFiring(withFiring(schedule, { at, outcome: 'started', taskId }), {
      at,
      outcome: 'failed',
    });
    expect(failed.counts).toEqual({ started: 0, skipped: 0, missed: 0, failed: 1 });
    expect(failed.firings).toEqual([{ at, outcome: 'failed' }]);
  });

  test('a run by hand stands beside a firing of the same instant', () => {
    const byHand: Firing = { at, trigger: 'manual', outcome: 'started', taskId: idOf(1) };
    const record = withFiring(withFiring(schedule, { at, outcome: 'started', taskId }), byHand);
    expect(record.firings).toHaveLength(2);
    expect(record.counts.started).toBe(2);
  });

  test('the end of a task stays, also where it comes before the start is written down', () => {
    const end = { status: 'COMPLETED', at: instant(1) } as const;
    const ended = withEnd(withFiring(schedule, { at, outcome: 'starting', taskId }), taskId, end);
    const record = withFiring(ended, { at, outcome: 'started', taskId });
    expect(record.firings).toEqual([{ at, outcome: 'started', taskId, end }]);
    expect(withEnd(record, taskId, { status: 'FAILED', at: instant(2) })).toBe(record);
    expect(withEnd(record, idOf(7), end)).toBe(record);
  });
});
