import type { Tasks } from '@longhaul/client';
import type { Contract } from '@longhaul/proto';
import { isTerminal, type ShownEvent, watchedIdsLimit } from '@longhaul/proto/wire';
import { afterEvent, afterRecord, type FollowedTask } from './followedTask.ts';
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
  const ids = tasks.map(({ id }) => id);
  const isOver = () => [...known.values()].every(({ status }) => isTerminal(status));
  const show = (task: FollowedTask, event?: ShownEvent) => {
    known.set(task.id, task);
    view.show(task, event);
  };
  const readRecords = async () => {
    const records = await Promise.all(ids.map(id => client.$tasks.get(id)));
    for (const record of records) {
      const before = known.get(record.id);
      // Events and records have the same numbers: what is older than what is shown says nothing.
      if (!before || record.seq > before.seq) show(afterRecord(record));
    }
  };
  // So that a task that is not there is said before anything is watched.
  await readRecords();
  if (isOver()) return [...known.values()];

  const onLost = () => view.remark('The connection to the gateway is lost; trying again.');
  for await (const item of client.$tasks.watch({ ids, signal, onLost })) {
    // Records read once the stream is open, and the events that follow, miss nothing.
    if (item.type === 'open') await readRecords();
    if (item.type === 'event') {
      const before = known.get(item.id);
      const seq = Number(item.eventId);
      if (before && seq > before.seq) show({ ...afterEvent(before, item.event), seq }, item.event);
    }
    if (isOver()) break;
  }
  return [...known.values()];
}
