import { recordOfRequest, type StoredEvent, type TaskEvent } from '@longhaul/proto';
import { expect, test } from 'vitest';
import { awaitEnd } from './awaitEnd.ts';

const id = '01890000-0000-7000-8000-000000000000';
const name = 'demo.count';
const at = '2026-01-01T00:00:00.000Z';
const record = recordOfRequest(id, name, {
  v: 1,
  owner: 'alice',
  createdAt: at,
  priority: 'normal',
  input: {},
});

const event = (seq: number, body: object): StoredEvent => ({
  seq,
  id,
  name,
  event: { v: 1, owner: 'alice', at, attempt: 1, executor: 'a', ...body } as TaskEvent,
});
const started = event(1, { type: 'started' });
const completed = event(3, { type: 'completed', output: 6 });

/** The events, and whether the source was told that nobody wants more. */
function source(events: readonly StoredEvent[]) {
  let closed = false;
  const read = async function* () {
    try {
      yield* events;
      await new Promise<never>(() => {});
    } finally {
      closed = true;
    }
  };
  return { events: read(), closed: () => closed };
}

test('the result comes from the event, and the source is closed', async () => {
  const { events, closed } = source([started, event(2, { type: 'progress', progress: 1 }), completed]);
  expect(await awaitEnd(record, events)).toMatchObject({ status: 'COMPLETED', output: 6, seq: 3 });
  expect(closed()).toBe(true);
});

test('of a task that has ended nothing is read', async () => {
  const ended = { ...record, status: 'FAILED' as const };
  const events = {
    [Symbol.asyncIterator]: () => {
      throw new Error('nothing is to be read');
    },
  };
  expect(await awaitEnd(ended, events)).toBe(ended);
});

test('when the waiting is over first, the record is as far as it got', async () => {
  async function* events() {
    yield started;
  }
  expect(await awaitEnd(record, events())).toMatchObject({ status: 'RUNNING', attempt: 1 });
});

test('events that the record knows already change nothing', async () => {
  async function* events() {
    yield started;
  }
  const later = { ...record, status: 'RUNNING' as const, seq: 5 };
  expect(await awaitEnd(later, events())).toBe(later);
});
