import { isTerminal, type TaskRecord, type TerminalStatus } from '@longhaul/proto/wire';

/** How long records of ended tasks are kept, in milliseconds, at least 1,000. Must be the same on every gateway. */
export type Retention = {
  /** Of tasks that ended `COMPLETED`. Default: 86,400,000, a day. */
  readonly completedMs: number;
  /** Of tasks that ended `FAILED`. Default: 604,800,000, a week. */
  readonly failedMs: number;
  /** Of tasks that ended `CANCELED`. Default: 604,800,000, a week. */
  readonly canceledMs: number;
};

const hourMs = 60 * 60 * 1_000;
/** The default of `createGateway`: completed tasks for a day, failed and canceled ones for a week. */
export const defaultRetention: Retention = {
  completedMs: 24 * hourMs,
  failedMs: 7 * 24 * hourMs,
  canceledMs: 7 * 24 * hourMs,
};

/** How long a record with a terminal status is kept, in whole seconds: a TTL of NATS has no fractions (ADR-43). */
export function keptSeconds(
  status: TerminalStatus,
  { completedMs, failedMs, canceledMs }: Retention,
): number {
  const ms = { COMPLETED: completedMs, FAILED: failedMs, CANCELED: canceledMs }[status];
  return Math.max(1, Math.ceil(ms / 1_000));
}

/** Whether the retention of an ended task is over, although its events or objects may still be stored. */
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
 * How long large payloads are kept, in milliseconds. Their age counts from when they were stored, which for an input is
 * the start of its task. So they are kept a day longer than any record, for the task to wait and run.
 */
export function payloadsKeptMs({ completedMs, failedMs, canceledMs }: Retention): number {
  return Math.max(completedMs, failedMs, canceledMs) + dayMs;
}
