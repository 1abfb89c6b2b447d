import { isTerminal, type TaskRecord, type TerminalStatus } from '@longhaul/proto/wire';

/** The countable changes of a task by one put of the projection. */
export type RecordChange = {
  /** Seconds that the task waited before its first attempt, if that attempt is new. */
  readonly waitedSeconds?: number;
  /** How many attempts started, failed, and were lost with their executor. */
  readonly begun: number;
  readonly failed: number;
  readonly lost: number;
  readonly end?: {
    readonly status: TerminalStatus;
    readonly totalSeconds: number;
    /** Seconds from the first attempt to the end; absent if the task had no attempt. */
    readonly runSeconds?: number;
  };
};

/**
 * Compares two records of a task. Records and not events are compared, since a short task has no `started` event and one
 * fold can include several events.
 *
 * @param before `undefined`: only the request was known
 */
export function changeOf(before: TaskRecord | undefined, after: TaskRecord): RecordChange {
  const { startedAt, finishedAt, createdAt, scheduledFor } = after;
  const isNewStart = startedAt !== undefined && before?.startedAt === undefined;
  const hasEnded = isTerminal(after.status) && (!before || !isTerminal(before.status));
  return {
    ...(isNewStart ? { waitedSeconds: secondsBetween(scheduledFor ?? createdAt, startedAt) } : {}),
    begun: after.attempt - (before?.attempt ?? 0),
    failed: after.failures - (before?.failures ?? 0),
    lost: after.losses - (before?.losses ?? 0),
    ...(hasEnded && isTerminal(after.status) && finishedAt !== undefined
      ? {
          end: {
            status: after.status,
            totalSeconds: secondsBetween(createdAt, finishedAt),
            ...(startedAt === undefined ? {} : { runSeconds: secondsBetween(startedAt, finishedAt) }),
          },
        }
      : {}),
  };
}

/** Never negative: the clocks of two machines can differ by more than a short task takes. */
function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1_000);
}
