import { type Broker, readFromLeader, replayEvents } from '@longhaul/broker';
import { isTerminalEvent, type StoredEvent, type TaskAddress } from '@longhaul/proto';
import type { LiveFeed } from './liveFeed.ts';
import type { LiveTap } from './liveTap.ts';

/** Where a watcher stands: the last event it knows, and the attempt that was current then. */
export type Position = { readonly seq: number; readonly attempt: number };

/**
 * Yields a task's events behind a position, in order, once each, and ends with its terminal event: invariant 4,
 * watch-is-complete. Ends without one when the signal is aborted.
 *
 * Listen first, then read the stream, then go live. A live event tells the sequence of the event before it: when that
 * is later than what was yielded last, something is missing, and the stream is read again. What is known is dropped.
 *
 * @param isNew the task cannot have events yet, because it is started after the tap was opened: nothing is read first
 */
export async function* followTask(
  broker: Broker,
  tap: LiveTap,
  id: string,
  from: Position,
  signal: AbortSignal,
  isNew = false,
): AsyncGenerator<StoredEvent, void, void> {
  let { seq, attempt } = from;
  /** Whether the watcher is to see it. Events of an attempt that is no longer the current one are not. */
  const admit = ({ seq: next, event }: StoredEvent): boolean => {
    if (next <= seq) return false;
    seq = next;
    if (!('attempt' in event) || event.attempt === undefined) return true;
    if (event.attempt < attempt) return false;
    attempt = event.attempt;
    return true;
  };
  let step: 'refill' | 'live' = isNew ? 'live' : 'refill';
  /** The event that showed a hole. A replica that lags may not have it yet; the leader does. */
  let needed = 0;
  while (!signal.aborted) {
    if (step === 'refill') {
      for await (const stored of replayEvents(broker, broker.topology.subjects.eventsOf(id), seq + 1)) {
        if (admit(stored)) yield stored;
        if (isTerminalEvent(stored.event) || signal.aborted) return;
      }
      if (seq < needed) {
        for await (const stored of readFromLeader(broker, broker.topology.subjects.eventsOf(id), seq + 1)) {
          if (admit(stored)) yield stored;
          if (isTerminalEvent(stored.event) || signal.aborted) return;
        }
      }
    }
    const item = await tap.next(signal);
    if (item === 'closed') return;
    step = item === 'refill' || item.previous > seq ? 'refill' : 'live';
    needed = item === 'refill' ? 0 : item.event.seq;
    if (item === 'refill' || step === 'refill') continue;
    if (admit(item.event)) yield item.event;
    if (isTerminalEvent(item.event.event)) return;
  }
}

/** Opens a tap for as long as its events are followed. */
export async function* followLive(
  broker: Broker,
  feed: LiveFeed,
  task: TaskAddress,
  from: Position,
  signal: AbortSignal,
): AsyncGenerator<StoredEvent, void, void> {
  const tap = feed.open(broker.topology.subjects.live(task));
  try {
    yield* followTask(broker, tap, task.id, from, signal);
  } finally {
    tap.close();
  }
}
