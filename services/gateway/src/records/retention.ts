import { isTerminal, type TaskRecord, type TerminalStatus } from '@longhaul/proto/wire';

/** How long records of ended tasks are kept, in milliseconds; a second at least. The same on every gateway. */
export type Retention = {
  readonly completedMs: number;
  readonly failedMs: number;
  readonly canceledMs: number;
};

const hourMs = 60 * 60 * 1_000;
/** Completed tasks for a day, failed and canceled ones for a week. */
export const defaultRetention: Retention = {
  completedMs: 24 * hourMs,
  failedMs: 7 * 24 * hourMs,
  canceledMs: 7 * 24 * hourMs,
};

/** How long a record of that status is kept, in whole seconds: a TTL of NATS has no fractions (ADR-43). */
export function keptSeconds(
  status: TerminalStatus,
  { completedMs, failedMs, canceledMs }: Retention,
): number {
  const ms = { COMPLETED: completedMs, FAILED: failedMs, CANCELED: canceledMs }[status];
  return Math.max(1, Math.ceil(ms / 1_000));
}

/** Whether a task ended so long ago that its record is gone, whatever still lies about of it. */
export function hasExpired(
  { status, finishedAt }: Pick<TaskRecord, 'status' | 'finishedAt'>,
  retention: Retention,
  nowMs: number,
): boolean {
  if (!isTerminal(status) || finishedAt === undefined) return false;
  return Date.parse(finishedAt) + keptSeconds(status, retention) * 1_000 <= nowMs;
}

const dayMs = 24 * 60 * 60 * 1_000;

/**
 * How long large payloads have to be kept, in milliseconds. Their age counts from when they were stored, an input's
 * from the start of its task: so a day more than any record, for the task to wait and run.
 */
export function payloadsKeptMs({ completedMs, failedMs, canceledMs }: Retention): number {
  return Math.max(completedMs, failedMs, canceledMs) + dayMs;
}
