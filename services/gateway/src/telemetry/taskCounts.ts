import type { TaskStatus } from '@longhaul/proto';
import type { Priority, TaskSummary } from '@longhaul/proto/wire';

/** How many tasks of one task type and priority have a status. */
export type TaskCount = {
  readonly name: string;
  readonly priority: Priority;
  readonly status: TaskStatus;
  readonly count: number;
};

type Counted = Pick<TaskSummary, 'owner' | 'name' | 'priority' | 'status'>;
/** By `name|priority|status`; none of the parts can contain a bar. */
type Counts = Map<string, number>;

/**
 * Counts the tasks in the index by task type, priority and status, for all owners and for each. Every change updates the
 * counts, so that the index need not be scanned. Counts of 0 are removed, so this is never larger than the index.
 */
export class TaskCounts {
  readonly #all: Counts = new Map();
  readonly #byOwner = new Map<string, Counts>();

  /** @param before `undefined`: the task is new; @param after `undefined`: the task was removed */
  move(before: Counted | undefined, after: Counted | undefined): void {
    if (before && after && before.status === after.status) return;
    if (before) this.#add(before, -1);
    if (after) this.#add(after, 1);
  }

  /** @param owner default: the tasks of all owners */
  read(owner?: string): TaskCount[] {
    const counts = owner === undefined ? this.#all : this.#byOwner.get(owner);
    return [...(counts ?? [])].map(([key, count]) => {
      const [name = '', priority, status] = key.split('|');
      return { name, priority: priority as Priority, status: status as TaskStatus, count };
    });
  }

  #add(task: Counted, by: number): void {
    const key = `${task.name}|${task.priority}|${task.status}`;
    add(this.#all, key, by);
    const own = this.#byOwner.get(task.owner) ?? new Map<string, number>();
    add(own, key, by);
    if (own.size === 0) this.#byOwner.delete(task.owner);
    else this.#byOwner.set(task.owner, own);
  }
}

function add(counts: Counts, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
