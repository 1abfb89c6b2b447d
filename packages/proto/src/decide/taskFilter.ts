import type { TaskSummary } from '../api/taskViews.ts';
import type { TaskStatus } from '../wire/status.ts';

/** Which tasks a list shows: every part that is given must fit. Instants as records have them, with milliseconds. */
export type TaskFilter = {
  /** In one of these statuses. */
  readonly status?: readonly TaskStatus[] | undefined;
  /** Of this task type. */
  readonly name?: string | undefined;
  /** Started by this owner. */
  readonly owner?: string | undefined;
  /** The children of this task. */
  readonly parentId?: string | undefined;
  /** Accepted at or after. */
  readonly since?: string | undefined;
  /** Accepted before. */
  readonly until?: string | undefined;
  /** Found in the id, the name, the owner or the error's code, in whatever case. */
  readonly text?: string | undefined;
};

/** Whether a task is one that a filter asks for. The gateway's lists and pages that keep one current both ask here. */
export function fitsFilter(summary: TaskSummary, filter: TaskFilter): boolean {
  return (
    (filter.status === undefined || filter.status.includes(summary.status)) &&
    (filter.name === undefined || filter.name === summary.name) &&
    (filter.owner === undefined || filter.owner === summary.owner) &&
    (filter.parentId === undefined || filter.parentId === summary.parentId) &&
    (filter.since === undefined || summary.createdAt >= filter.since) &&
    (filter.until === undefined || summary.createdAt < filter.until) &&
    (filter.text === undefined || hasText(summary, filter.text))
  );
}

function hasText({ id, name, owner, errorCode = '' }: TaskSummary, text: string): boolean {
  const searched = text.toLowerCase();
  return [id, name, owner, errorCode].some(part => part.toLowerCase().includes(searched));
}
