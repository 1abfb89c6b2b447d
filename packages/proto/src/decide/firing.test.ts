import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Firing,
  type FiringOutcome,
  firingOutcomes,
  firingsKept,
  type ScheduleRecord,
  scheduleSchema,
} from '../wire/schedule.ts';
import { decideFiring, type Fired, type FiringContext, lateMs, withFiring } from './firing.ts';

const createdAt = '2026-01-01T00:00:00.000Z';
const at = '2026-01-02T02:30:00.000Z';
const taskId = '01890000-0000-7000-8000-000000000000';
const schedule: ScheduleRecord = {
  v: 1,
  id: 'nightly',
  owner: 'ann',
  name: 'script.echo',
  input: {},
  cron: '30 2 * * *',
  overlap: 'skip',
  priority: 'normal',
  paused: false,
  createdAt,
  firings: [],
  counts: { started: 0, skipped: 0, missed: 0, failed: 0 },
};
const fired: Fired = { fire: { v: 1, owner: 'ann', id: 'nightly', createdAt }, seq: 7, at };
const calm: FiringContext = { nowMs: Date.parse(at) + 5, previousActive: false, laterWaits: false };
const busy = { ...calm, previousActive: true };
const withTask = (overlap: ScheduleRecord['overlap'], seq = 6): ScheduleRecord => ({
  ...schedule,
  overlap,
  lastTask: { id: taskId, seq, at },
});

describe('a firing', () => {
  test.each<[string, ScheduleRecord | undefined, FiringContext, unknown]>([
    ['starts its task', schedule, calm, { do: 'start' }],
    ['of no schedule', undefined, calm, { do: 'ignore' }],
    ['of an earlier schedule of that id', { ...schedule, createdAt: at }, calm, { do: 'ignore' }],
    ['while paused', { ...schedule, paused: true }, calm, { do: 'ignore' }],
    ['skips', withTask('skip'), busy, { do: 'leave', outcome: 'skipped' }],
    ['does not skip once that task is over', withTask('skip'), calm, { do: 'start' }],
    ['queues', withTask('queue'), busy, { do: 'start' }],
    ['cancels the task before', withTask('cancelPrevious'), busy, { do: 'start', cancel: taskId }],
    ['cancels nothing that is over', withTask('cancelPrevious'), calm, { do: 'start' }],
    [
      'that comes late cancels no later task',
      withTask('cancelPrevious', 8),
      busy,
      { do: 'leave', outcome: 'skipped' },
    ],
    [
      'that is late gives way to a later one',
      schedule,
      { ...calm, nowMs: Date.parse(at) + lateMs + 1, laterWaits: true },
      { do: 'leave', outcome: 'missed' },
    ],
    [
      'that is late and the latest starts its task',
      schedule,
      { ...calm, nowMs: Date.parse(at) + lateMs + 1 },
      { do: 'start' },
    ],
    [
      'that is in time starts though a later one waits',
      schedule,
      { ...calm, laterWaits: true },
      { do: 'start' },
    ],
  ])('%s', (_what, record, context, decision) => {
    expect(decideFiring(record, fired, context)).toEqual(decision);
  });

  test('that was decided before stays decided, also while paused', () => {
    const firing: Firing = { seq: 7, at, outcome: 'started', taskId };
    for (const paused of [false, true]) {
      const known = { ...withFiring(schedule, firing, undefined), paused };
      expect(decideFiring(known, fired, busy)).toEqual({ do: 'again', firing });
    }
  });
});

describe('what a schedule keeps', () => {
  const firing = (seq: number, outcome: FiringOutcome): Firing => ({
    seq,
    at,
    outcome,
    ...(outcome === 'started' ? { taskId } : {}),
  });

  test('in whatever order firings are decided: the latest, newest first, every count, the latest task', () => {
    const one = fc.record({
      seq: fc.integer({ min: 1, max: 40 }),
      outcome: fc.constantFrom(...firingOutcomes),
    });
    const many = fc.uniqueArray(one, { selector: ({ seq }) => seq, maxLength: 40 });
    fc.assert(
      fc.property(many, given => {
        const record = given.reduce(
          (before, { seq, outcome }) => withFiring(before, firing(seq, outcome), undefined),
          schedule,
        );
        expect(scheduleSchema.parse(record)).toEqual(record);
        const newestFirst = given.map(({ seq }) => seq).sort((a, b) => b - a);
        // One that is older than all that is kept is not kept; those kept are in order.
        expect(record.firings.map(({ seq }) => seq)).toEqual(newestFirst.slice(0, firingsKept));
        for (const outcome of firingOutcomes)
          expect(record.counts[outcome]).toBe(given.filter(each => each.outcome === outcome).length);
        const started = given.filter(({ outcome }) => outcome === 'started').map(({ seq }) => seq);
        expect(record.lastTask?.seq).toBe(started.length === 0 ? undefined : Math.max(...started));
      }),
    );
  });

  test('a firing that is starting counts once it has started, and has the next one look at its task', () => {
    const starting = withFiring(schedule, { seq: 7, at, outcome: 'starting', taskId }, at);
    expect(starting).toMatchObject({ counts: schedule.counts, lastTask: { id: taskId, seq: 7 } });
    const started = withFiring(starting, firing(7, 'started'), at);
    expect(started).toMatchObject({ counts: { started: 1 }, firings: [{ outcome: 'started' }] });
  });

  test('a firing that comes to something else is counted once', () => {
    const started = withFiring(schedule, firing(7, 'started'), at);
    const failed = withFiring(started, firing(7, 'failed'), at);
    expect(failed.counts).toEqual({ started: 0, skipped: 0, missed: 0, failed: 1 });
    expect(failed.firings).toEqual([firing(7, 'failed')]);
    expect(failed.next).toBe(at);
  });

  test('an older firing does not turn the next time back', () => {
    const later = withFiring(schedule, firing(8, 'started'), '2026-01-04T02:30:00.000Z');
    expect(withFiring(later, firing(7, 'started'), '2026-01-03T02:30:00.000Z').next).toBe(later.next);
  });
});
