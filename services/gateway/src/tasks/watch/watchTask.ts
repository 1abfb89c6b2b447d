import { type Broker, lastEntry, lastLifecycle } from '@longhaul/broker';
import { isTerminal, isTerminalEvent, type StoredEvent, type TaskRecord } from '@longhaul/proto/wire';
import type { Dropped } from './droppedEvents.ts';
import { followLive, type Position } from './followTask.ts';
import type { LiveFeed } from './liveFeed.ts';

export type WatchDeps = { readonly broker: Broker; readonly feed: LiveFeed };

/** What a watcher receives: the record of the task, then its events. `id`: the event id to resume after. */
export type Watched =
  | { readonly id: string; readonly kind: 'snapshot'; readonly record: TaskRecord }
  | { readonly id: string; readonly kind: 'event'; readonly stored: StoredEvent }
  /** How many of the task's events were dropped. The events that follow are the remaining ones. */
  | { readonly id: string; readonly kind: 'dropped'; readonly dropped: Dropped };

/**
 * Watches a task, starting with a snapshot or after the last event that the watcher has received. Ends after the task's
 * terminal event. For an ended task that event follows the snapshot, if it is still stored.
 *
 * @returns the stream; `undefined` when the watcher has received the task's end already
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
  const from = seen ?? afterSnapshot(record);
  if (!seen) yield { id: String(from.seq), kind: 'snapshot', record };
  // The terminal event may have expired before the record.
  if (isTerminal(record.status) && ((await lastLifecycle(deps.broker, record))?.seq ?? 0) <= from.seq) return;
  let { seq } = from;
  for await (const followed of followLive(deps.broker, deps.feed, record, from, signal)) {
    // A `dropped` has no sequence of its own: a watcher that resumes there receives it again.
    if (followed.kind === 'event') seq = followed.stored.seq;
    yield { id: String(seq), ...followed };
  }
}

/** The position after a snapshot. For an ended task it is before the terminal event, so that every watcher ends with one. */
function afterSnapshot(record: TaskRecord): Position {
  const seq = isTerminal(record.status) ? Math.max(0, record.seq - 1) : record.seq;
  return { seq, attempt: record.attempt };
}

/**
 * The position of a watcher that has received `seq`. `ended`: it has received the terminal event. `undefined`: the task has no
 * such event, so the id is not one of this task, and the watcher gets a snapshot.
 */
async function resumeAt(
  broker: Broker,
  record: TaskRecord,
  seq: number,
): Promise<Position | 'ended' | undefined> {
  if (isTerminal(record.status) && record.seq <= seq) return record.seq === seq ? 'ended' : undefined;
  const last = await lastEntry(broker, broker.topology.subjects.eventsOf(record.id));
  if (seq > Math.max(last?.seq ?? 0, record.seq)) return undefined;
  // The record may not include an end yet that the watcher has already received.
  if (last?.seq === seq && last.stored && isTerminalEvent(last.stored.event)) return 'ended';
  const attempt = record.attempts.findLast(begun => begun.seq <= seq)?.number ?? 0;
  return { seq, attempt };
}
