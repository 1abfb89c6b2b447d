import { type Broker, type LogEntry, lastEntry, readFromLeader, replayEntries } from '@longhaul/broker';
import { isTerminalEvent, type StoredEvent, type TaskAddress } from '@longhaul/proto/wire';
import { type Dropped, DroppedEvents } from './droppedEvents.ts';
import type { LiveFeed } from './liveFeed.ts';
import type { LiveTap } from './liveTap.ts';

/** Where a watcher stands: the last event it knows, and the attempt that was current then. */
export type Position = { readonly seq: number; readonly attempt: number };

/** What a watcher of one task gets: an event, or how many are not stored any more. */
export type Followed =
  | { readonly kind: 'event'; readonly stored: StoredEvent }
  | { readonly kind: 'dropped'; readonly dropped: Dropped };

/**
 * Yields a task's events behind a position, in order, once each, and ends with its terminal event: invariant 4,
 * watch-is-complete. Ends without one when the signal is aborted.
 *
 * Listen first, then read the stream, then go live. An event names its predecessor of any kind: when a live one's is
 * later than what was seen last, something is missing, and the stream is read again. What is known is dropped. What the
 * stream does not have any more is counted, not looked for: behind a hole the watcher stands at the event that showed it.
 * A message that does not fit the protocol has its place in the order, and is not yielded.
 *
 * @param isNew the task cannot have events yet, because it is started after the tap was opened: nothing is read first
 */
export async function* followTask(
  broker: Broker,
  tap: LiveTap,
  task: TaskAddress,
  from: Position,
  signal: AbortSignal,
  isNew = false,
): AsyncGenerator<Followed, void, void> {
  const { subjects } = broker.topology;
  const dropped = new DroppedEvents(broker, task, from.seq);
  let { seq, attempt } = from;
  /** Whether the watcher is to see it. Events of an attempt that is no longer the current one are not. */
  const admit = (entry: LogEntry): StoredEvent | undefined => {
    if (entry.seq <= seq) return undefined;
    seq = entry.seq;
    const { stored } = entry;
    if (!stored || stored.name !== task.name) return undefined;
    const { event } = stored;
    if (!('attempt' in event) || event.attempt === undefined) return stored;
    if (event.attempt < attempt) return undefined;
    attempt = event.attempt;
    return stored;
  };
  async function* pass(entry: LogEntry): AsyncGenerator<Followed, 'ended' | undefined, void> {
    const stored = admit(entry);
    if (!stored) return undefined;
    const lost = await dropped.before(stored);
    if (lost) yield { kind: 'dropped', dropped: lost };
    yield { kind: 'event', stored };
    return isTerminalEvent(stored.event) ? 'ended' : undefined;
  }
  let step: 'refill' | 'live' = isNew ? 'live' : 'refill';
  while (!signal.aborted) {
    if (step === 'refill') {
      // One read in constant time says whether there is anything to replay. It goes over the connection that listens,
      // behind the subscription: what is stored after it is heard, or leaves a hole that shows.
      const newest = (await lastEntry(broker, subjects.eventsOf(task.id)))?.seq ?? 0;
      if (newest > seq) {
        for await (const entry of replayEntries(broker, subjects.eventsOf(task.id), seq + 1)) {
          if ((yield* pass(entry)) === 'ended' || signal.aborted) return;
        }
      }
      // A replica that lags does not have all of it yet; the leader does.
      if (newest > seq) {
        for await (const entry of readFromLeader(broker, subjects.eventsOf(task.id), seq + 1)) {
          if ((yield* pass(entry)) === 'ended' || signal.aborted) return;
        }
      }
    }
    const item = await tap.next(signal);
    if (item === 'closed') return;
    step = item === 'refill' || item.previous > seq ? 'refill' : 'live';
    if (item === 'refill' || step === 'refill') continue;
    if ((yield* pass(item.entry)) === 'ended') return;
  }
}

/** Opens a tap for as long as its events are followed. */
export async function* followLive(
  broker: Broker,
  feed: LiveFeed,
  task: TaskAddress,
  from: Position,
  signal: AbortSignal,
): AsyncGenerator<Followed, void, void> {
  const tap = feed.open(broker.topology.subjects.liveOf(task.id));
  try {
    yield* followTask(broker, tap, task, from, signal);
  } finally {
    tap.close();
  }
}

/** A stream says this often that it lives, so that proxies keep it and a client notices when it is gone. */
export const keepAliveMs = 15_000;
