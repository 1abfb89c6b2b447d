import type { ListChange, TaskSummary } from '@longhaul/proto/wire';

/** Newest first, as the gateway lists them. */
function isBefore(one: TaskSummary, other: TaskSummary): boolean {
  return one.createdAt === other.createdAt ? one.id > other.id : one.createdAt > other.createdAt;
}

/**
 * A list after changes.
 *
 * @param rows newest first
 * @param complete whether there is nothing behind the last row; else what is older than it comes with its page
 * @returns the same list, when nothing of it has changed
 */
export function changedRows(
  rows: readonly TaskSummary[],
  change: Extract<ListChange, { type: 'changed' }>,
  { fits, complete }: { readonly fits: (task: TaskSummary) => boolean; readonly complete: boolean },
): readonly TaskSummary[] {
  const latest = new Map<string, TaskSummary | undefined>(change.tasks.map(task => [task.id, task]));
  for (const id of change.gone) latest.set(id, undefined);
  const last = rows.at(-1);
  let touched = false;
  const kept: TaskSummary[] = [];
  for (const row of rows) {
    if (!latest.has(row.id)) {
      kept.push(row);
      continue;
    }
    touched = true;
    const now = latest.get(row.id);
    latest.delete(row.id);
    if (now && fits(now)) kept.push(now);
  }
  const fresh = [...latest.values()]
    .filter(task => task !== undefined)
    .filter(task => fits(task) && (complete || last === undefined || isBefore(task, last)))
    .sort((one, other) => (isBefore(one, other) ? -1 : 1));
  if (fresh.length === 0) return touched ? kept : rows;
  const merged: TaskSummary[] = [];
  let next = 0;
  for (const row of kept) {
    for (let task = fresh[next]; task && isBefore(task, row); task = fresh[next]) {
      merged.push(task);
      next += 1;
    }
    merged.push(row);
  }
  return [...merged, ...fresh.slice(next)];
}
