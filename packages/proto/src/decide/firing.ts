import {
  type Firing,
  type FiringEnd,
  firingsKept,
  type MisfirePolicy,
  misfireLimit,
  type ScheduleRecord,
} from '../wire/schedule.ts';

/** The times of a schedule that are due, in order, and the time to wait for next. */
export type DueTimes = {
  /** The times that are due, oldest first. */
  readonly due: readonly string[];
  /** The time to wait for next; `undefined`: there is none. */
  readonly next: string | undefined;
  /**
   * So many times are due that these are but the oldest of them: enough younger ones follow, from `next` on, for
   * whatever the policy makes up for.
   */
  readonly isBacklog: boolean;
};

/** What is known beside the schedule when its due times are decided. */
export type FiringContext = {
  /** The time, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** The task that the schedule started last is not over. */
  readonly previousActive: boolean;
};

/** What comes of due times. `cancel`: that task is to be canceled before those that are `starting` are started. */
export type FiringDecision = {
  /** What comes of each due time. */
  readonly firings: readonly Firing[];
  /** The id of the task to cancel first. */
  readonly cancel: string | undefined;
};

/**
 * Decides what comes of the times of a schedule that are due: which of them start a task, which are skipped because the
 * task before is still running, and which are missed for good.
 */
export function decideFirings(
  schedule: ScheduleRecord,
  { due, isBacklog }: DueTimes,
  { nowMs, previousActive }: FiringContext,
): FiringDecision {
  const isLate = (at: string) => nowMs - Date.parse(at) > schedule.misfireAfterMs;
  const late = due.filter(isLate);
  const inTime = due.slice(late.length);
  const madeUpFor = worthATask(schedule.misfire, late, inTime.length > 0);
  // Whatever the policy says, there is a bound to what is started at once: the newest. A backlog is older than those.
  const chosen = isBacklog ? [] : [...madeUpFor, ...inTime].slice(-misfireLimit);
  const missed = due.slice(0, due.length - chosen.length);
  const decidedAt = new Date(nowMs).toISOString();
  const starts = chosen.map((_at, i) => {
    if (schedule.overlap === 'queue') return true;
    if (schedule.overlap === 'skip') return i === 0 && !previousActive;
    // Each would cancel the one before at once.
    return i === chosen.length - 1;
  });
  const last = missed.at(-1);
  return {
    firings: [
      ...(last === undefined ? [] : [missedFiring(last, missed.length, decidedAt)]),
      ...chosen.map((at, i): Firing => ({ at, decidedAt, outcome: starts[i] ? 'starting' : 'skipped' })),
    ],
    cancel:
      schedule.overlap === 'cancelPrevious' && previousActive && starts.includes(true)
        ? schedule.lastTask?.id
        : undefined,
  };
}

/** Of the times that no gateway handled in time, the newest that still start a task. */
function worthATask(misfire: MisfirePolicy, late: readonly string[], followed: boolean): readonly string[] {
  if (misfire === 'all') return late;
  // A time that is due just now does as well for all those before it.
  return misfire === 'one' && !followed ? late.slice(-1) : [];
}

function missedFiring(at: string, times: number, decidedAt: string): Firing {
  return { at, decidedAt, outcome: 'missed', ...(times > 1 ? { times } : {}) };
}

/** What tells the firings of one schedule apart: when they were due, or the task that `run` started. */
function keyOf({ at, trigger, taskId }: Firing): string {
  return trigger === undefined ? at : `${trigger} ${taskId}`;
}

/** A schedule with what came of a firing; of one that is known already, with what came of it instead. */
export function withFiring(schedule: ScheduleRecord, firing: Firing): ScheduleRecord {
  const before = schedule.firings.find(each => keyOf(each) === keyOf(firing));
  const counts = { ...schedule.counts };
  if (before && before.outcome !== 'starting') counts[before.outcome] -= before.times ?? 1;
  if (firing.outcome !== 'starting') counts[firing.outcome] += firing.times ?? 1;
  const { taskId, at } = firing;
  // A task may have ended before it is written down that it was started.
  const end = before?.taskId === taskId ? before?.end : undefined;
  const now = end === undefined ? firing : { ...firing, end };
  const isLatestTask = taskId !== undefined && Date.parse(at) >= Date.parse(schedule.lastTask?.at ?? at);
  return {
    ...schedule,
    counts,
    firings: kept([now, ...schedule.firings.filter(each => each !== before)]),
    ...(isLatestTask ? { lastTask: { id: taskId, at } } : {}),
  };
}

/** Newest first; missed ones in a row are one; and the oldest are left out, but none that has yet to start its task. */
function kept(firings: readonly Firing[]): Firing[] {
  const sorted = firings.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
  const merged: Firing[] = [];
  for (const firing of sorted) {
    const newer = merged.at(-1);
    if (newer?.outcome === 'missed' && firing.outcome === 'missed')
      merged[merged.length - 1] = { ...newer, times: (newer.times ?? 1) + (firing.times ?? 1) };
    else merged.push(firing);
  }
  return merged.filter(({ outcome }, i) => i < firingsKept || outcome === 'starting');
}

/** A schedule with the end of a task that it started; itself where that is known, or no longer kept. */
export function withEnd(schedule: ScheduleRecord, taskId: string, end: FiringEnd): ScheduleRecord {
  const isIts = (firing: Firing) => firing.taskId === taskId && firing.end === undefined;
  if (!schedule.firings.some(isIts)) return schedule;
  return { ...schedule, firings: schedule.firings.map(each => (isIts(each) ? { ...each, end } : each)) };
}
