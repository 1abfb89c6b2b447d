import type { QueueInfo } from '@longhaul/proto';
import type { QueueState } from '../observe/queueState.ts';
import type { TaskCount } from '../observe/taskCounts.ts';

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
    if (status === 'PENDING') queue.pending[priority] += count;
    else if (status === 'SCHEDULED') queue.scheduled += count;
    // A task that is paused has its executor.
    else if (status === 'RUNNING' || status === 'PAUSED') queue.running += count;
    else if (status === 'RETRYING') queue.retrying += count;
    else if (status === 'STOPPING') queue.stopping += count;
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
