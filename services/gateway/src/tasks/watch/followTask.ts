import { type Broker, type LogEntry, lastEntry, readFromLeader, replayEntries } from '@longhaul/broker';
import { isLifecycle, isTerminalEvent, type StoredEvent, type TaskAddress } from '@longhaul/proto/wire';
import { patiently } from '../patiently.ts';
import { type Dropped, DroppedEvents } from './droppedEvents.ts';
import type { LiveFeed } from './liveFeed.ts';
import type { LiveTap } from './liveTap.ts';

/** The position of a watcher: the last event that it has received, and the attempt that was current then. */
export type Position = { readonly seq: number; readonly attempt: number };

/** What a watcher of one task receives: an event, or how many events were dropped. */
export type Followed =
  | { readonly kind: 'event'; readonly stored: StoredEvent }
  | { readonly kind: 'dropped'; readonly dropped: Dropped };

/**
 * Yields a task's events after a position, in order, once each, and ends with its terminal event: invariant 4,
 * watch-is-complete. Ends without a terminal event when the signal is aborted.
 *
 * Listens first, then reads the stream (its end from the leader, which cannot lag), then yields live events. An event names its predecessor of any kind: if the
 * predecessor of a live event is later than the last received one, events are missing, and the stream is read again.
 * Duplicates are skipped. Events that the stream no longer has are counted: after such a gap the position is the event that
 * revealed it. A malformed message keeps its place in the order and is not yielded.
 *
 * @param isNew whether the task is started after the tap was opened, so that no earlier events need to be read
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
  /** The event, if the watcher is to receive it. Events of superseded attempts are skipped. */
  const admit = (entry: LogEntry): StoredEvent | undefined => {
    if (entry.seq <= seq) return undefined;
    seq = entry.seq;
    const { stored } = entry;
    if (!stored || stored.name !== task.name) return undefined;
    const { event } = stored;
    // Behind others, the first event of a log says that the log was deleted with its stream: attempts begin again.
    if (isLifecycle(event) && event.state.events === 1) attempt = 0;
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
      // One read in constant time shows whether there are events to replay. It uses the connection of the subscription and
      // follows it, so events that are stored later are received live, or leave a gap that the next event reveals.
      const last = await patiently(() => lastEntry(broker, subjects.eventsOf(task.id)), signal);
      const newest = last?.seq ?? 0;
      if (newest > seq) {
        for await (const entry of replayEntries(broker, subjects.eventsOf(task.id), seq + 1)) {
          if ((yield* pass(entry)) === 'ended' || signal.aborted) return;
        }
      }
      // A lagging replica may not have all events yet; the leader has them.
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

/** Follows a task with a tap of its own, which is closed at the end. */
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

/** How often an idle stream sends a keep-alive, for proxies and for clients that detect a lost connection. */
export const keepAliveMs = 15_000;
