import { setTimeout as delay } from 'node:timers/promises';
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

/**
 * A record is written a moment after its events: one that is read when the stream is open can be behind what was sent before
 * it. So records of tasks that have not ended are read again, after these waits, and the last one again and again.
 */
const rereadMs = [250, 1_000, 3_000, 10_000];

async function followChunk(
  client: Tasks<Contract>,
  tasks: readonly TaskToFollow[],
  view: TaskView,
  signal: AbortSignal,
): Promise<readonly FollowedTask[]> {
  const known = new Map<string, FollowedTask>();
  const isOpen = ({ status }: FollowedTask) => !isTerminal(status);
  const isOver = () => ![...known.values()].some(isOpen);
  const show = (task: FollowedTask, event?: ShownEvent) => {
    known.set(task.id, task);
    view.show(task, event);
  };
  const read = async (ids: readonly string[]) => {
    const records = await Promise.all(ids.map(id => client.$tasks.get(id)));
    for (const record of records) {
      const before = known.get(record.id);
      // Events and records have the same numbers: what is older than what is shown says nothing.
      if (!before || record.seq > before.seq) show(afterRecord(record));
    }
  };
  // So that a task that is not there is said before anything is watched.
  await read(tasks.map(({ id }) => id));
  if (isOver()) return [...known.values()];

  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const rereading = reread(async () => {
    // Where the gateway is away, the stream says so, and the next time is soon enough.
    await read([...known.values()].filter(isOpen).map(({ id }) => id)).catch(() => {});
    if (isOver()) over.abort();
  }, either);
  const onLost = () => view.remark('The connection to the gateway is lost; trying again.');
  try {
    const ids = tasks.map(({ id }) => id);
    for await (const item of client.$tasks.watch({ ids, signal: either, onLost })) {
      if (item.type !== 'event') continue;
      const before = known.get(item.id);
      const seq = Number(item.eventId);
      if (before && seq > before.seq) show({ ...afterEvent(before, item.event), seq }, item.event);
      if (isOver()) break;
    }
  } finally {
    over.abort();
    await rereading;
  }
  return [...known.values()];
}

async function reread(read: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (let times = 0; !signal.aborted; times += 1) {
    await delay(rereadMs[Math.min(times, rereadMs.length - 1)], undefined, { signal }).catch(() => {});
    if (!signal.aborted) await read();
  }
}
