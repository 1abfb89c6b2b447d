import { type Broker, encode } from '@longhaul/broker';
import { createTopology, type StoredEvent, type TaskEvent } from '@longhaul/proto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { followTask, type Position } from './followTask.ts';
import { LiveTap } from './liveTap.ts';

const id = '01890000-0000-7000-8000-000000000000';
const name = 'demo.count';
const topology = createTopology();
const base = { v: 1, owner: 'alice', at: '2026-01-01T00:00:00.000Z' } as const;
const stored = (seq: number, event: TaskEvent): StoredEvent => ({ seq, id, name, event });
const started = (seq: number, attempt = 1) =>
  stored(seq, { ...base, type: 'started', attempt, executor: 'a' });
const progress = (seq: number, attempt = 1) =>
  stored(seq, { ...base, type: 'progress', attempt, progress: seq });
const completed = (seq: number, attempt = 1) =>
  stored(seq, { ...base, type: 'completed', attempt, executor: 'a', output: seq });

type Query = {
  readonly seq: number;
  readonly batch: number;
  readonly callback: (done: object | null, message?: object) => void;
};

/** A stream that is read as the broker reads it, and counts how often. */
function createStream(events: StoredEvent[] = []) {
  let reads = 0;
  const broker = {
    topology,
    jsm: {
      direct: {
        getBatch: async (_stream: string, { seq, batch, callback }: Query) => {
          reads += 1;
          const left = events.filter(event => event.seq >= seq);
          left.slice(0, batch).forEach((event, i) => {
            callback(null, {
              seq: event.seq,
              subject: topology.subjects.event(event),
              data: encode(event.event),
              pending: left.length - i - 1,
            });
          });
          callback({});
          return { stop: () => {} };
        },
      },
    },
  } as unknown as Broker;
  return { broker, events, reads: () => reads };
}

/** Follows, and tells each event as it comes. */
function follow(broker: Broker, tap: LiveTap, from: Position, isNew = false) {
  const left = new AbortController();
  const seen: number[] = [];
  const done = (async () => {
    for await (const { seq } of followTask(broker, tap, id, from, left.signal, isNew)) seen.push(seq);
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

  test('is read whole, however many events it has', async () => {
    const events = [started(1), ...Array.from({ length: 700 }, (_, i) => progress(i + 2)), completed(800)];
    expect(await follow(createStream(events).broker, createTap(), unseen).done).toHaveLength(702);
  });
});

describe('a live event', () => {
  test('is yielded once, though the stream told of it as well', async () => {
    const { broker } = createStream([started(1), progress(2)]);
    const tap = createTap();
    tap.push({ event: progress(2), previous: 1 });
    tap.push({ event: completed(3), previous: 2 });
    expect(await follow(broker, tap, unseen).done).toEqual([1, 2, 3]);
  });

  test('that shows a hole makes the watcher read what is missing', async () => {
    const { broker, events } = createStream([started(1)]);
    const tap = createTap();
    events.push(progress(2), progress(5), completed(7));
    tap.push({ event: completed(7), previous: 5 });
    expect(await follow(broker, tap, { seq: 1, attempt: 1 }).done).toEqual([2, 5, 7]);
  });

  test('of a new task needs no read', async () => {
    const { broker, reads } = createStream();
    const tap = createTap();
    tap.push({ event: completed(12), previous: 0 });
    expect(await follow(broker, tap, unseen, true).done).toEqual([12]);
    expect(reads()).toBe(0);
  });

  test('of an attempt that is no longer the current one is not yielded', async () => {
    const { broker } = createStream([started(1), started(2, 2), progress(3, 1), progress(4, 2)]);
    const tap = createTap();
    tap.push({ event: progress(5, 1), previous: 4 });
    tap.push({ event: completed(6, 2), previous: 5 });
    expect(await follow(broker, tap, unseen).done).toEqual([1, 2, 4, 6]);
  });
});

test('what overflowed the tap is read from the stream', async () => {
  const { broker, events } = createStream([started(1)]);
  const tap = createTap();
  const { done } = follow(broker, tap, { seq: 1, attempt: 1 });
  for (let seq = 2; seq < 600; seq += 1) {
    events.push(progress(seq));
    tap.push({ event: progress(seq), previous: seq - 1 });
  }
  events.push(completed(600));
  tap.push({ event: completed(600), previous: 599 });
  expect(await done).toEqual(Array.from({ length: 599 }, (_, i) => i + 2));
});

test('a client that leaves ends it without an end', async () => {
  const { broker } = createStream([started(1)]);
  const { done, left } = follow(broker, createTap(), unseen);
  left.abort();
  expect(await done).toEqual([1]);
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
      const { broker, events } = createStream(all.slice(0, before));
      const tap = createTap();
      const from = { seq: all[seen - 1]?.seq ?? 0, attempt: 0 };
      fc.pre(from.seq < 1_000 && seen <= all.length);
      const { done } = follow(broker, tap, from);
      all.forEach((event, i) => {
        if (i >= before) events.push(event);
        // The last one is not lost: what finds that out is the idle check, which the tap's own test covers.
        const isLost = lost[i] && event.seq < 1_000;
        if (!isLost) tap.push({ event, previous: all[i - 1]?.seq ?? 0 });
      });
      expect(await done).toEqual(all.map(({ seq }) => seq).filter(seq => seq > from.seq));
    }),
  );
});
