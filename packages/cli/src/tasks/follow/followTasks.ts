import type { Tasks } from '@longhaul/client';
import type { Contract } from '@longhaul/proto';
import { isTerminal, type ShownEvent, watchedIdsLimit } from '@longhaul/proto/wire';
import { afterEvent, type FollowedTask } from './followedTask.ts';
import type { TaskView } from './taskView.ts';

/** A task to follow: its type is not known before its record is read. */
export type TaskToFollow = { readonly id: string; readonly name?: string | undefined };

/**
 * Follows tasks until all of them have ended, and shows what happens to them.
 *
 * @returns how each has ended, or stood when the signal was aborted
 * @throws what reading a task throws: that it is not there, or no gateway answers
 */
export async function followTasks(
  client: Tasks<Contract>,
  tasks: readonly TaskToFollow[],
  view: TaskView,
  signal: AbortSignal,
): Promise<readonly FollowedTask[]> {
  const chunks: TaskToFollow[][] = [];
  for (let at = 0; at < tasks.length; at += watchedIdsLimit)
    chunks.push(tasks.slice(at, at + watchedIdsLimit));
  try {
    const followed = await Promise.all(chunks.map(chunk => followChunk(client, chunk, view, signal)));
    return followed.flat();
  } finally {
    view.end();
  }
}

async function followChunk(
  client: Tasks<Contract>,
  tasks: readonly TaskToFollow[],
  view: TaskView,
  signal: AbortSignal,
): Promise<readonly FollowedTask[]> {
  const known = new Map<string, FollowedTask>();
  const show = (task: FollowedTask, event?: ShownEvent) => {
    known.set(task.id, task);
    view.show(task, event);
  };
  // So that a task that is not there is said before anything is watched.
  const read = async () => {
    const records = await Promise.all(tasks.map(({ id }) => client.$tasks.get(id)));
    for (const { id, name, status, progress, error, attempt } of records) {
      // What has ended stays so, whatever a record says that was read before.
      const before = known.get(id);
      if (before && isTerminal(before.status)) continue;
      show({ id, name, status, attempt, progress, failure: error });
    }
  };
  await read();
  const isOver = () => [...known.values()].every(({ status }) => isTerminal(status));
  const onLost = () => view.remark('The connection to the gateway is lost; trying again.');
  const open = new AbortController();
  const either = AbortSignal.any([signal, open.signal]);
  try {
    if (isOver()) return [...known.values()];
    for await (const item of client.$tasks.watch({
      ids: tasks.map(({ id }) => id),
      signal: either,
      onLost,
    })) {
      // Records that are read after `open`, and the events that follow it, miss nothing.
      if (item.type === 'open') await read();
      else if (item.type === 'event') {
        const before = known.get(item.id);
        if (before && !isTerminal(before.status)) show(afterEvent(before, item.event), item.event);
      }
      if (isOver()) break;
    }
  } finally {
    open.abort();
  }
  return [...known.values()];
}
