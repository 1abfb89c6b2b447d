import { type Fire, type Firing, firingsKept, type ScheduleRecord } from '../wire/schedule.ts';

/** A firing that arrived: its message's sequence and time, and when the schedule fires next. */
export type Fired = {
  readonly fire: Fire;
  readonly seq: number;
  readonly at: string;
  readonly next?: string | undefined;
};

/** What is known beside the schedule when a firing is looked at. */
export type FiringContext = {
  readonly nowMs: number;
  /** The task that the schedule started last is not over. */
  readonly previousActive: boolean;
  /** A later firing of the same schedule waits behind this one. */
  readonly laterWaits: boolean;
};

/**
 * What a firing comes to. `ignore`: the schedule is gone, is another one or paused. `again`: it has been decided
 * before, and was delivered again. `start` with `cancel`: that task is to be canceled first.
 */
export type FiringDecision =
  | { readonly do: 'ignore' }
  | { readonly do: 'again'; readonly firing: Firing }
  | { readonly do: 'leave'; readonly outcome: 'skipped' | 'missed' }
  | { readonly do: 'start'; readonly cancel?: string };

/**
 * After so long a firing is late. Of late ones that wait one behind the other (no gateway ran for a while) only the
 * newest is worth a task.
 */
export const lateMs = 60_000;

/** Decides what a firing comes to. */
export function decideFiring(
  schedule: ScheduleRecord | undefined,
  { fire, seq, at }: Fired,
  { nowMs, previousActive, laterWaits }: FiringContext,
): FiringDecision {
  if (!schedule || schedule.createdAt !== fire.createdAt) return { do: 'ignore' };
  const known = schedule.firings.find(firing => firing.seq === seq);
  if (known) return { do: 'again', firing: known };
  if (schedule.paused) return { do: 'ignore' };
  if (laterWaits && isLate(at, nowMs)) return { do: 'leave', outcome: 'missed' };
  if (!previousActive || schedule.overlap === 'queue' || !schedule.lastTask) return { do: 'start' };
  // A firing that comes after a later one's task was started has nothing to cancel: that task is the newer.
  if (schedule.overlap === 'skip' || schedule.lastTask.seq > seq) return { do: 'leave', outcome: 'skipped' };
  return { do: 'start', cancel: schedule.lastTask.id };
}

/** Whether a firing has waited so long that a later one may stand for it. */
export function isLate(at: string, nowMs: number): boolean {
  return nowMs - Date.parse(at) > lateMs;
}

/** A schedule with what came of a firing; of one that is known already, with what came of it instead. */
export function withFiring(
  schedule: ScheduleRecord,
  firing: Firing,
  next: string | undefined,
): ScheduleRecord {
  const before = schedule.firings.find(({ seq }) => seq === firing.seq);
  const counts = { ...schedule.counts };
  if (before && before.outcome !== 'starting') counts[before.outcome] -= 1;
  if (firing.outcome !== 'starting') counts[firing.outcome] += 1;
  const firings = [firing, ...schedule.firings.filter(({ seq }) => seq !== firing.seq)]
    .sort((a, b) => b.seq - a.seq)
    .slice(0, firingsKept);
  const { taskId, seq, at } = firing;
  const isLatestTask = taskId !== undefined && seq >= (schedule.lastTask?.seq ?? 0);
  const isLatest = firings[0]?.seq === seq;
  return {
    ...schedule,
    counts,
    firings,
    ...(isLatestTask ? { lastTask: { id: taskId, seq, at } } : {}),
    ...(isLatest && next !== undefined ? { next } : {}),
  };
}
