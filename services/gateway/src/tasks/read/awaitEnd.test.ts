import { type Broker, encode } from '@longhaul/broker';
import { createTopology, recordOfRequest, type StoredEvent, type TaskEvent } from '@longhaul/proto/wire';
import { appendedHeaders, taskEvent } from '@longhaul/testkit';
import { errors } from '@nats-io/nats-core';
import { expect, test } from 'vitest';
import { LiveTap } from '../watch/liveTap.ts';
import { awaitEnd } from './awaitEnd.ts';

const id = '01890000-0000-7000-8000-000000000000';
const name = 'demo.count';
const topology = createTopology();
const record = recordOfRequest(id, name, {
  v: 1,
  owner: 'alice',
  createdAt: '2026-01-01T00:00:00.000Z',
  priority: 'normal',
  input: {},
});
const stored = (seq: number, event: TaskEvent): StoredEvent => ({ seq, id, name, event });
const started = stored(1, taskEvent({ type: 'started', attempt: 1, executor: 'a' }));
const completed = stored(3, taskEvent({ type: 'completed', attempt: 1, executor: 'a', output: 6 }));

/** A log whose last lifecycle event is this one. */
function createLog(last?: StoredEvent) {
  let reads = 0;
  const getMessage = async () => {
    reads += 1;
    const subject = topology.subjects.event({ id, name }, 'life');
    return last
      ? { seq: last.seq, subject, data: encode(last.event), header: appendedHeaders(topology, id) }
      : null;
  };
  const broker = {
    topology,
    reconnections: { answerOf: (answer: unknown) => answer },
    jsm: { streams: { getMessage } },
  } as unknown as Broker;
  return { broker, reads: () => reads };
}

function createTap(...events: StoredEvent[]) {
  const tap = new LiveTap(() => {});
  for (const event of events) tap.push({ entry: { seq: event.seq, stored: event }, previous: 0 });
  return tap;
}
const never = new AbortController().signal;

test('the result comes from the event that is stored already', async () => {
  const { broker } = createLog(completed);
  expect(await awaitEnd(broker, createTap(), record, never)).toMatchObject({
    status: 'COMPLETED',
    output: 6,
    seq: 3,
  });
});

test('the result comes from the event as it is heard, whatever was not heard before it', async () => {
  const { broker } = createLog(started);
  expect(await awaitEnd(broker, createTap(completed), record, never)).toMatchObject({ status: 'COMPLETED' });
});

test('while the event stream has no leader it is asked again, until the wait is over', async () => {
  const { broker } = createLog(completed);
  const answer = broker.jsm.streams.getMessage;
  let refusals = 2;
  broker.jsm.streams.getMessage = async (...query) => {
    refusals -= 1;
    if (refusals >= 0) throw new errors.TimeoutError();
    return answer(...query);
  };
  expect(await awaitEnd(broker, createTap(), record, never)).toMatchObject({ status: 'COMPLETED' });

  refusals = Number.POSITIVE_INFINITY;
  const left = new AbortController();
  const waiting = awaitEnd(broker, createTap(), record, left.signal);
  left.abort();
  expect(await waiting).toBe(record);
});

test('of a new task nothing is read', async () => {
  const { broker, reads } = createLog();
  expect(await awaitEnd(broker, createTap(started, completed), record, never, true)).toMatchObject({
    status: 'COMPLETED',
  });
  expect(reads()).toBe(0);
});

test('of a task that has ended nothing is read', async () => {
  const { broker, reads } = createLog(completed);
  const ended = { ...record, status: 'FAILED' as const };
  expect(await awaitEnd(broker, createTap(), ended, never)).toBe(ended);
  expect(reads()).toBe(0);
});

test('what a tap has missed is read', async () => {
  const { broker } = createLog(completed);
  const tap = createTap();
  const waiting = awaitEnd(broker, tap, record, never, true);
  tap.missed();
  expect(await waiting).toMatchObject({ status: 'COMPLETED' });
});

test('when the waiting is over first, the record is as far as it got', async () => {
  const { broker } = createLog();
  const left = new AbortController();
  const tap = createTap(started);
  const next = tap.next.bind(tap);
  let waits = 0;
  tap.next = signal => {
    waits += 1;
    // The second time it waits, what it heard first is in the record.
    if (waits === 2) left.abort();
    return next(signal);
  };
  const waiting = awaitEnd(broker, tap, record, left.signal);
  expect(await waiting).toMatchObject({ status: 'RUNNING', attempt: 1 });
});

test('events that the record knows already change nothing', async () => {
  const { broker } = createLog(started);
  const later = { ...record, status: 'RUNNING' as const, seq: 5 };
  const tap = createTap();
  tap.close();
  expect(await awaitEnd(broker, tap, later, never)).toBe(later);
});
