import type { Retention } from './retention.ts';

const dayMs = 24 * 60 * 60 * 1_000;

/**
 * How long large payloads have to be kept, in milliseconds. Their age counts from when they were stored, an input's
 * from the start of its task: so a day more than any record, for the task to wait and run.
 */
export function payloadsKeptMs({ completedMs, failedMs, canceledMs }: Retention): number {
  return Math.max(completedMs, failedMs, canceledMs) + dayMs;
}
