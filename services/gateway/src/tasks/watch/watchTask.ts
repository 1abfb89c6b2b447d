import { type Broker, lastEntry, lastLifecycle } from '@longhaul/broker';
import { isTerminal, isTerminalEvent, type StoredEvent, type TaskRecord } from '@longhaul/proto/wire';
import type { Dropped } from './droppedEvents.ts';
import { followLive, type Position } from './followTask.ts';
import type { LiveFeed } from './liveFeed.ts';

export type WatchDeps = { readonly broker: Broker; readonly feed: LiveFeed };

/** What a watcher gets: where the task stands, then what happens to it. `id`: what to resume after. */
export type Watched =
  | { readonly id: string; readonly kind: 'snapshot'; readonly record: TaskRecord }
  | { readonly id: string; readonly kind: 'event'; readonly stored: StoredEvent }
  /** So many of the task's events are not stored any more; the events that follow are those that are left. */
  | { readonly id: string; readonly kind: 'dropped'; readonly dropped: Dropped };

/**
 * Watches a task: from a snapshot on, or after the last event that the watcher has seen. Ends after the task's
 * terminal event; of a task that has ended, that event comes after the snapshot, as long as it is stored.
 *
 * @returns the stream; `undefined` when the watcher has seen the task's end, so that there is nothing more to come
 */
export async function watchTask(
  deps: WatchDeps,
  record: TaskRecord,
  lastEventId: string | undefined,
  signal: AbortSignal,
): Promise<AsyncGenerator<Watched, void, void> | undefined> {
  const seen =
    lastEventId === undefined ? undefined : await resumeAt(deps.broker, record, Number(lastEventId));
  return seen === 'ended' ? undefined : streamFrom(deps, record, seen, signal);
}

async function* streamFrom(
  deps: WatchDeps,
  record: TaskRecord,
  seen: Position | undefined,
  signal: AbortSignal,
): AsyncGenerator<Watched, void, void> {
  const from = seen ?? behindSnapshot(record);
  if (!seen) yield { id: String(from.seq), kind: 'snapshot', record };
  // Its end may have expired before its record.
  if (isTerminal(record.status) && ((await lastLifecycle(deps.broker, record))?.seq ?? 0) <= from.seq) return;
  let { seq } = from;
  for await (const followed of followLive(deps.broker, deps.feed, record, from, signal)) {
    // What was dropped lies between two events: whoever resumes there is told again.
    if (followed.kind === 'event') seq = followed.stored.seq;
    yield { id: String(seq), ...followed };
  }
}

/** Of an ended task the terminal event is left to come, so that every watcher ends with one. */
function behindSnapshot(record: TaskRecord): Position {
  const seq = isTerminal(record.status) ? Math.max(0, record.seq - 1) : record.seq;
  return { seq, attempt: record.attempt };
}

/**
 * Where a watcher that has seen `seq` goes on. `ended`: it has seen the terminal event. `undefined`: the task has no
 * such event yet, so the id is not one that this task gave, and the watcher gets a snapshot.
 */
async function resumeAt(
  broker: Broker,
  record: TaskRecord,
  seq: number,
): Promise<Position | 'ended' | undefined> {
  if (isTerminal(record.status) && record.seq <= seq) return record.seq === seq ? 'ended' : undefined;
  const last = await lastEntry(broker, broker.topology.subjects.eventsOf(record.id));
  if (seq > Math.max(last?.seq ?? 0, record.seq)) return undefined;
  // The record may lag behind an end that the watcher has already seen.
  if (last?.seq === seq && last.stored && isTerminalEvent(last.stored.event)) return 'ended';
  const attempt = record.attempts.findLast(begun => begun.seq <= seq)?.number ?? 0;
  return { seq, attempt };
}
