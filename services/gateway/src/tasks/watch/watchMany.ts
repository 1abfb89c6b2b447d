import { type Broker, isConsumerNotFound, type LogEntry } from '@longhaul/broker';
import type { StoredEvent } from '@longhaul/proto/wire';
import type { Caller } from '../../auth/caller.ts';
import { maySee } from '../../auth/caller.ts';
import { patiently } from '../patiently.ts';
import type { Replays } from './replays.ts';
import type { WatchDeps } from './watchTask.ts';

/** What a watcher of many tasks receives. `open`: from here on no event is missed. */
export type WatchedMany =
  | { readonly id: string; readonly kind: 'open'; readonly missed?: true }
  | { readonly id: string; readonly kind: 'event'; readonly stored: StoredEvent };

/**
 * Watches many tasks in one stream without end: the given ones, or all that the caller may see.
 *
 * Sequences count over all tasks, so one event id resumes all of them. Since every stored event is republished, a live event
 * that is not the next sequence reveals a gap.
 *
 * @param lastEventId resumes after this event; without it the stream starts with what records do not have yet
 */
export async function* watchMany(
  { broker, feed, replays }: WatchDeps & { readonly replays: Replays },
  caller: Caller,
  ids: ReadonlySet<string> | undefined,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<WatchedMany, void, void> {
  const tap = feed.open(broker.topology.subjects.allLive);
  const watched = ({ stored }: LogEntry): StoredEvent | undefined =>
    stored && maySee(caller, stored.event.owner) && (ids === undefined || ids.has(stored.id))
      ? stored
      : undefined;
  try {
    const [{ first, newest }, folded] = await Promise.all([
      bounds(broker),
      lastEventId === undefined ? foldedUpTo(broker) : undefined,
    ]);
    const asked = Math.min(lastEventId === undefined ? (folded ?? newest) : Number(lastEventId), newest);
    // Before the first event there is nothing to read: a stream that was created again begins a million sequences later.
    const missed = replays.isTooOld(caller, Math.max(asked, first - 1), newest);
    let seq = missed ? newest : asked;
    yield { id: String(seq), kind: 'open', ...(missed && lastEventId !== undefined ? { missed } : {}) };
    let upTo = newest;
    while (!signal.aborted) {
      if (upTo > seq) {
        for await (const page of replays.pages(caller, seq, upTo, watched, signal)) {
          for (const stored of page.events) {
            yield { id: String(stored.seq), kind: 'event', stored };
            if (signal.aborted) return;
          }
          seq = page.upTo;
        }
        // Events that were not found were dropped by a limit or have expired.
        seq = Math.max(seq, upTo);
      }
      const item = await tap.next(signal);
      if (item === 'closed') return;
      if (item === 'refill') {
        upTo = (await patiently(() => bounds(broker), signal))?.newest ?? upTo;
      } else if (item.entry.seq > seq + 1) {
        upTo = item.entry.seq;
      } else if (item.entry.seq === seq + 1) {
        seq = item.entry.seq;
        const stored = watched(item.entry);
        if (stored) yield { id: String(seq), kind: 'event', stored };
      }
    }
  } finally {
    tap.close();
  }
}

/**
 * The last event up to which all are in records. A record that is read once the stream is open may be older than the newest
 * event: what lies between is sent, so that the record and the events that follow miss nothing.
 */
async function foldedUpTo({ jsm, topology }: Broker): Promise<number | undefined> {
  const found = await jsm.consumers
    .info(topology.eventStream, topology.consumers.projection.durable_name)
    .catch((error: unknown) => {
      if (!isConsumerNotFound(error)) throw error;
      return undefined;
    });
  // It was deleted, and is created again: which events have records cannot be said.
  if (found === undefined) return undefined;
  const { ack_floor, num_pending, num_ack_pending, delivered } = found;
  // An event is acknowledged when its record is written. The floor stands still where nothing follows the last one.
  return num_pending + num_ack_pending === 0
    ? Math.max(delivered.stream_seq, ack_floor.stream_seq)
    : ack_floor.stream_seq;
}

/** The sequences of the first and the last stored event. */
async function bounds(broker: Broker): Promise<{ readonly first: number; readonly newest: number }> {
  const { state } = await broker.jsm.streams.info(broker.topology.eventStream);
  return { first: state.first_seq, newest: state.last_seq };
}
