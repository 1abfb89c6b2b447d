import { type ActiveStatus, isTerminal, type QueueInfo } from '@longhaul/proto/wire';
import type { QueueState } from './queueState.ts';
import type { TaskCount } from './taskCounts.ts';

/** Where a task is counted. One that is paused has its executor. */
const columnOf: {
  readonly [S in ActiveStatus]: 'pending' | 'scheduled' | 'running' | 'retrying' | 'stopping';
} = {
  SCHEDULED: 'scheduled',
  PENDING: 'pending',
  RUNNING: 'running',
  PAUSED: 'running',
  RETRYING: 'retrying',
  STOPPING: 'stopping',
};

type Counts = { -readonly [K in keyof QueueInfo]: QueueInfo[K] };

/**
 * The queue of each name. An operator gets what the server counts of it; a user, for whom the server does not count, what
 * the records of the own tasks say. So does a name that has no queue yet, because no executor ever served it.
 *
 * @param counts of the tasks that the caller may see
 * @param seesAll whether those are everybody's
 */
export function queuesOf(
  names: Iterable<string>,
  states: readonly QueueState[],
  counts: readonly TaskCount[],
  seesAll: boolean,
): QueueInfo[] {
  const byName = new Map<string, Counts>();
  for (const name of names) {
    const pending = { high: 0, normal: 0, low: 0 };
    byName.set(name, { name, paused: false, pending, scheduled: 0, running: 0, retrying: 0, stopping: 0 });
  }
  for (const { name, priority, status, count } of counts) {
    const queue = byName.get(name);
    if (!queue) continue;
    if (isTerminal(status)) continue;
    const column = columnOf[status];
    if (column === 'pending') queue.pending[priority] += count;
    else queue[column] += count;
  }
  for (const { name, priority, pending, delivered, paused } of states) {
    const queue = byName.get(name);
    if (!queue) continue;
    queue.paused ||= paused;
    if (!seesAll) continue;
    queue.pending[priority] = pending;
    queue.delivered = (queue.delivered ?? 0) + delivered;
  }
  return [...byName.values()];
}
