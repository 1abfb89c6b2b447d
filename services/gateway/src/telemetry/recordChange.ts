import { isTerminal, type TaskRecord, type TerminalStatus } from '@longhaul/proto/wire';

/** What one put of the projection changed of a task, in what is counted. */
export type RecordChange = {
  /** Seconds that it waited before its first attempt, where that is new. */
  readonly waitedSeconds?: number;
  /** How many attempts have begun, failed, and been lost with their executor. */
  readonly begun: number;
  readonly failed: number;
  readonly lost: number;
  readonly end?: {
    readonly status: TerminalStatus;
    readonly totalSeconds: number;
    /** From its first attempt on; a task that ended before one has none. */
    readonly runSeconds?: number;
  };
};

/**
 * What happened to a task between two records, whichever events they are folded from: a short task has no `started`
 * event, and one fold may take in several events.
 *
 * @param before `undefined`: nothing but the request was known
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

/** Clocks of two machines may differ by more than a short task takes: never less than nothing. */
function secondsBetween(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1_000);
}
