import type { TaskRecord, TaskSummary } from '@longhaul/proto/wire';

/** Makes the summary of a record: what lists show, without payloads. */
export function summarize(record: TaskRecord): TaskSummary {
  const {
    id,
    name,
    owner,
    status,
    priority,
    createdAt,
    scheduledFor,
    startedAt,
    finishedAt,
    attempt,
    error,
    parent,
  } = record;
  const percent = percentOf(record);
  return {
    id,
    name,
    owner,
    status,
    priority,
    createdAt,
    attempt,
    ...(scheduledFor === undefined ? {} : { scheduledFor }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(percent === undefined ? {} : { percent }),
    ...(error === undefined ? {} : { errorCode: error.code }),
    ...(parent === undefined ? {} : { parentId: parent.id }),
  };
}

/** Reads the progress in percent. By convention a progress may have a number `percent`, from 0 to 100. */
export function percentOf({ progress }: Pick<TaskRecord, 'progress'>): number | undefined {
  if (typeof progress !== 'object' || progress === null || !('percent' in progress)) return undefined;
  const { percent } = progress;
  return typeof percent === 'number' && Number.isFinite(percent)
    ? Math.min(100, Math.max(0, percent))
    : undefined;
}
