import { type Broker, encode, type LogEntry } from '@longhaul/broker';
import { createTopology, kindOfEvent, type StoredEvent, type TaskEvent } from '@longhaul/proto/wire';
import { appendedHeaders, taskEvent } from '@longhaul/testkit';
import { errors } from '@nats-io/nats-core';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { followTask, type Position } from './followTask.ts';
import { idleChecksMs, LiveTap } from './liveTap.ts';

const id = '01890000-0000-7000-8000-000000000000';
const name = 'demo.count';
const topology = createTopology();
const task = { id, name };
const entry = (seq: number, event: TaskEvent): LogEntry & { readonly stored: StoredEvent } => ({
  seq,
  stored: { seq, id, name, event },
});
const started = (seq: number, attempt = 1) =>
  entry(seq, taskEvent({ type: 'started', attempt, executor: 'a' }));
const progress = (seq: number, attempt = 1) =>
  entry(seq, taskEvent({ type: 'progress', attempt, ordinal: seq, progress: seq }));
const completed = (seq: number, attempt = 1) =>
  entry(seq, taskEvent({ type: 'completed', attempt, executor: 'a', output: seq }));
/** What somebody else has put there, of whatever kind. */
const malformed = (seq: number): LogEntry => ({
  seq,
  malformed: { subject: topology.subjects.event(task, 'life'), seq, taskId: id, path: '', problem: 'none' },
});

type Query = {
  readonly seq: number;
  readonly batch: number;
  readonly callback: (done: object | null, message?: object) => void;
};

/**
 * A stream that is read as the broker reads it, and counts how often it is replayed.
 *
 * @param lag how many of the last events the replica does not have that answers direct gets
 */
function createStream(entries: LogEntry[] = [], lag = 0) {
  let replays = 0;
  const stored = (found: LogEntry) => ({
    seq: found.seq,
    subject: topology.subjects.event(task, found.stored ? kindOfEvent(found.stored.event.type) : 'life'),
    data: found.stored ? encode(found.stored.event) : new TextEncoder().encode('{'),
    header: appendedHeaders(topology, id),
  });
  const broker = {
    topology,
    reconnections: { answerOf: (answer: unknown) => answer },
    jsm: {
      streams: {
        getMessage: async (
          _stream: string,
          { seq = 1, last_by_subj }: { seq?: number; last_by_subj?: string },
        ) => {
          const found = last_by_subj ? entries.at(-1) : entries.find(one => one.seq >= seq);
          return found ? stored(found) : null;
        },
      },
      direct: {
        getBatch: async (_stream: string, { seq, batch, callback }: Query) => {
          replays += 1;
          const left = entries.slice(0, Math.max(0, entries.length - lag)).filter(one => one.seq >= seq);
          left.slice(0, batch).forEach((one, i) => {
            callback(null, { ...stored(one), pending: left.length - i - 1 });
          });
          callback({});
          return { stop: () => {} };
        },
      },
    },
  } as unknown as Broker;
  return { broker, entries, replays: () => replays };
}

/** Follows, and tells each event as it comes. */
function follow(broker: Broker, tap: LiveTap, from: Position, isNew = false) {
  const left = new AbortController();
  const seen: number[] = [];
  const done = (async () => {
    for await (const followed of followTask(broker, tap, task, from, left.signal, isNew))
      if (followed.kind === 'event') seen.push(followed.stored.seq);
    return seen;
  })();
  return { done, left };
}
const unseen: Position = { seq: 0, attempt: 0 };
const createTap = () => new LiveTap(() => {});

describe('a task that has ended', () => {
  test('is read from the stream, up to its end', async () => {
    const { broker } = createStream([started(1), progress(4), completed(9)]);
    expect(await follow(broker, createTap(), unseen).done).toEqual([1, 4, 9]);
  });

  test('is read from where the watcher stands', async () => {
    const { broker } = createStream([started(1), progress(4), completed(9)]);
    expect(await follow(broker, createTap(), { seq: 4, attempt: 1 }).done).toEqual([9]);
  });

  test('is read from the beginning of its log where that was deleted, and its attempts are counted again', async () => {
    const event = taskEvent({ type: 'started', attempt: 1, executor: 'a' });
    if (event.type !== 'started') throw new Error('It is a started.');
    const again = entry(2_000_001, { ...event, state: { ...event.state, events: 1 } });
    const { broker } = createStream([again, progress(2_000_002), completed(2_000_003)]);
    const watcher = follow(broker, createTap(), { seq: 219, attempt: 2 });
    expect(await watcher.done).toEqual([2_000_001, 2_000_002, 2_000_003]);
  });

  test('is read whole, however many events it has', async () => {
    const events = [started(1), ...Array.from({ length: 700 }, (_, i) => progress(i + 2)), completed(800)];
    expect(await follow(createStream(events).broker, createTap(), unseen).done).toHaveLength(702);
  });
});

describe('a replica that lags', () => {
  test.each([1, 2, 3, 4])('by %i events hides none of them, the end included', async lag => {
    const { broker } = createStream([started(1), progress(4), progress(6), completed(9)], lag);
    expect(await follow(broker, createTap(), unseen).done).toEqual([1, 4, 6, 9]);
  });

  test.each([0, 1])('by %i events: an end that nobody heard is read at the first idle check', async lag => {
    vi.useFakeTimers();
    try {
      const { broker, entries: events } = createStream([started(1)], lag);
      const { done } = follow(broker, createTap(), unseen);
      await vi.advanceTimersByTimeAsync(1);
      events.push(completed(2));
      await vi.advanceTimersByTimeAsync(idleChecksMs[0]);
      expect(await done).toEqual([1, 2]);
    } finally {
      vi.useRealTimers();
    }
  });
});

test('while the stream has no leader the watcher asks again', async () => {
  const { broker } = createStream([started(1), completed(2)]);
  const answer = broker.jsm.streams.getMessage;
  let asked = 0;
  broker.jsm.streams.getMessage = async (...query) => {
    asked += 1;
    if (asked < 3) throw new errors.TimeoutError();
    return answer(...query);
  };
  expect(await follow(broker, createTap(), unseen).done).toEqual([1, 2]);
  expect(asked).toBeGreaterThanOrEqual(3);
});

describe('a live event', () => {
  test('is yielded once, though the stream told of it as well', async () => {
    const { broker } = createStream([started(1), progress(2)]);
    const tap = createTap();
    tap.push({ entry: progress(2), previous: 1 });
    tap.push({ entry: completed(3), previous: 2 });
    expect(await follow(broker, tap, unseen).done).toEqual([1, 2, 3]);
  });

  test('that shows a hole makes the watcher read what is missing', async () => {
    const { broker, entries: events } = createStream([started(1)]);
    const tap = createTap();
    events.push(progress(2), progress(5), completed(7));
    tap.push({ entry: completed(7), previous: 5 });
    expect(await follow(broker, tap, { seq: 1, attempt: 1 }).done).toEqual([2, 5, 7]);
  });

  test('of a new task needs no read', async () => {
    const { broker, replays } = createStream();
    const tap = createTap();
    tap.push({ entry: completed(12), previous: 0 });
    expect(await follow(broker, tap, unseen, true).done).toEqual([12]);
    expect(replays()).toBe(0);
  });

  test('that is behind nothing new is found by one read, without a replay', async () => {
    const { broker, replays } = createStream([started(1)]);
    const tap = createTap();
    tap.push({ entry: completed(2), previous: 1 });
    expect(await follow(broker, tap, { seq: 1, attempt: 1 }).done).toEqual([2]);
    expect(replays()).toBe(0);
  });

  test('of an attempt that is no longer the current one is not yielded', async () => {
    const { broker } = createStream([started(1), started(2, 2), progress(3, 1), progress(4, 2)]);
    const tap = createTap();
    tap.push({ entry: progress(5, 1), previous: 4 });
    tap.push({ entry: completed(6, 2), previous: 5 });
    expect(await follow(broker, tap, unseen).done).toEqual([1, 2, 4, 6]);
  });
});

describe('what does not fit the protocol', () => {
  test('is passed over in the stream', async () => {
    const { broker } = createStream([started(1), malformed(2), progress(3), malformed(4), completed(5)]);
    expect(await follow(broker, createTap(), unseen).done).toEqual([1, 3, 5]);
  });

  test.each([2, Number.POSITIVE_INFINITY])('is passed over live, with predecessor %s', async previous => {
    const { broker, entries } = createStream([started(2)]);
    const tap = createTap();
    const { done } = follow(broker, tap, { seq: 2, attempt: 1 });
    entries.push(malformed(3), completed(4));
    tap.push({ entry: malformed(3), previous });
    tap.push({ entry: completed(4), previous: 3 });
    expect(await done).toEqual([4]);
  });
});

test('what overflowed the tap is read from the stream', async () => {
  const { broker, entries: events } = createStream([started(1)]);
  const tap = createTap();
  const { done } = follow(broker, tap, { seq: 1, attempt: 1 });
  for (let seq = 2; seq < 600; seq += 1) {
    events.push(progress(seq));
    tap.push({ entry: progress(seq), previous: seq - 1 });
  }
  events.push(completed(600));
  tap.push({ entry: completed(600), previous: 599 });
  expect(await done).toEqual(Array.from({ length: 599 }, (_, i) => i + 2));
});

test('a client that leaves ends it without an end', async () => {
  const { broker } = createStream([started(1)]);
  const { done, left } = follow(broker, createTap(), unseen);
  left.abort();
  // Not even what was being read: nobody takes it.
  expect(await done).toEqual([]);
});

test('a tap that is closed ends it', async () => {
  const { broker } = createStream([started(1)]);
  const tap = createTap();
  const { done } = follow(broker, tap, unseen);
  tap.close();
  await done;
});

test('invariant 4, watch-is-complete: whatever of the live events is lost, each comes once and in order', async () => {
  const plan = fc.record({
    count: fc.integer({ min: 1, max: 30 }),
    before: fc.nat(30),
    lost: fc.array(fc.boolean(), { minLength: 32, maxLength: 32 }),
    seen: fc.nat(30),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ count, before, lost, seen }) => {
      const all = [
        started(2),
        ...Array.from({ length: count }, (_, i) => progress(3 * (i + 2))),
        completed(1_000),
      ];
      const { broker, entries: events } = createStream(all.slice(0, before));
      const tap = createTap();
      const from = { seq: all[seen - 1]?.seq ?? 0, attempt: 0 };
      fc.pre(from.seq < 1_000 && seen <= all.length);
      const { done } = follow(broker, tap, from);
      all.forEach((event, i) => {
        if (i >= before) events.push(event);
        // The last one is not lost: what finds that out is the idle check, which the tap's own test covers.
        const isLost = lost[i] && event.seq < 1_000;
        if (!isLost) tap.push({ entry: event, previous: all[i - 1]?.seq ?? 0 });
      });
      expect(await done).toEqual(all.map(({ seq }) => seq).filter(seq => seq > from.seq));
    }),
  );
});
