import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childrenKept } from '../wire/childLinks.ts';
import { eventSchema, type StoredEvent, type TaskEvent } from '../wire/event.ts';
import { recordSchema, type TaskRecord } from '../wire/record.ts';
import type { TaskRequest } from '../wire/request.ts';
import { statuses } from '../wire/status.ts';
import { attemptsKept, fold, recordOfRequest, requestOfRecord } from './fold.ts';
import { isTerminal } from './status.ts';
import { nextState } from './taskState.ts';

const id = '01890000-0000-7000-8000-000000000000';
const name = 'demo.count';
const request: TaskRequest = {
  v: 1,
  owner: 'alice',
  createdAt: '2026-01-01T00:00:00.000Z',
  priority: 'normal',
  input: { to: 3 },
};
const { input: _input, ...head } = request;
const ref = { object: `${id}.input.x`, bytes: 300_000, digest: `SHA-256=${'A'.repeat(43)}=` };
const largeRequest: TaskRequest = { ...head, inputRef: ref };
const pending = recordOfRequest(id, name, request);
const error = { code: 'BAD', message: 'no' };
const instant = (seq: number) => new Date(Date.parse(request.createdAt) + seq * 1_000).toISOString();

type EventOf<T extends TaskEvent['type']> = Extract<TaskEvent, { type: T }>;
type Body<E> = E extends TaskEvent ? Omit<E, 'v' | 'owner' | 'at' | 'state' | 'ordinal'> : never;

/** What is carried does not matter to the fold: it is a state that the event can leave behind. */
function stored(seq: number, body: Body<TaskEvent>): StoredEvent {
  const head = { v: 2, owner: 'alice', at: instant(seq), ...body };
  const attempt = ('attempt' in body && body.attempt) || 0;
  const states = statuses.map(status =>
    body.type === 'progress' || body.type === 'log'
      ? undefined
      : nextState({ status, attempt, failures: 0, losses: 0, events: 0 }, { ...body, at: instant(seq) }),
  );
  const state = states.find(found => found !== undefined);
  return { seq, id, name, event: { ...head, ...(state ? { state } : { ordinal: seq }) } as TaskEvent };
}

const started = (seq: number, attempt = 1, executor = 'a') =>
  stored(seq, { type: 'started', attempt, executor });
const progress = (seq: number, attempt = 1, value: unknown = { percent: seq }) =>
  stored(seq, { type: 'progress', attempt, progress: value });
const log = (seq: number, attempt = 1) => stored(seq, { type: 'log', attempt, level: 'info', message: 'hi' });
const stopping = (seq: number, reason?: string) =>
  stored(seq, { type: 'stopping', ...(reason ? { reason } : {}) });
const completed = (seq: number, attempt = 1, more: Partial<EventOf<'completed'>> = {}) =>
  stored(seq, { type: 'completed', attempt, executor: 'a', output: { sum: 6 }, ...more });
const failed = (seq: number, attempt = 1) => stored(seq, { type: 'failed', attempt, executor: 'a', error });
const retrying = (seq: number, attempt = 1) =>
  stored(seq, { type: 'retrying', attempt, executor: 'a', error, nextAttemptAt: instant(seq + 60) });
const released = (seq: number, attempt = 1) => stored(seq, { type: 'released', attempt, executor: 'a' });
const canceled = (seq: number, more: Partial<EventOf<'canceled'>> = {}) =>
  stored(seq, { type: 'canceled', ...more });

const foldAll = (events: readonly StoredEvent[], from: TaskRecord | undefined = pending) =>
  events.reduce<TaskRecord | undefined>(fold, from);

describe('the request', () => {
  test.each<[string, TaskRequest, string]>([
    ['a task waits', request, 'PENDING'],
    ['a task in the future is scheduled', { ...request, scheduledFor: instant(9) }, 'SCHEDULED'],
    ['a key is kept', { ...request, idempotencyKey: 'k' }, 'PENDING'],
    ['a retry links to what it tries again', { ...request, retryOf: id }, 'PENDING'],
    ['an input may be missing', { ...request, input: undefined }, 'PENDING'],
    ['a large input is referred to', { ...largeRequest }, 'PENDING'],
  ])('%s', (_what, given, status) => {
    const record = recordOfRequest(id, name, given);
    expect(record).toMatchObject({ status, attempt: 0, attempts: [], seq: 0 });
    expect(recordSchema.safeParse(JSON.parse(JSON.stringify(record))).success).toBe(true);
    expect(requestOfRecord(record)).toEqual(given);
  });
});

describe('each event', () => {
  test('started: it runs', () => {
    expect(foldAll([started(4)])).toEqual({
      ...pending,
      status: 'RUNNING',
      startedAt: instant(4),
      attempt: 1,
      attempts: [{ number: 1, executor: 'a', startedAt: instant(4), seq: 4 }],
      seq: 4,
    });
  });

  test('started again: the lost attempt ends, and its progress and error are history', () => {
    const record = foldAll([started(1), progress(2), started(5, 2, 'b')]);
    expect(record).toMatchObject({ status: 'RUNNING', attempt: 2, startedAt: instant(1) });
    expect(record).not.toHaveProperty('progress');
    expect(record?.attempts).toEqual([
      { number: 1, executor: 'a', startedAt: instant(1), endedAt: instant(5), seq: 1 },
      { number: 2, executor: 'b', startedAt: instant(5), seq: 5 },
    ]);
    expect(foldAll([retrying(1), started(2, 2)])).not.toHaveProperty('error');
  });

  test('progress: the latest', () => {
    expect(foldAll([started(1), progress(2), progress(7)])).toMatchObject({
      progress: { percent: 7 },
      seq: 7,
    });
  });

  test('progress of another attempt than the current one: nothing', () => {
    expect(foldAll([progress(1_500, 3)])).toBe(pending);
    expect(foldAll([started(1, 2), progress(2, 1), progress(3, 3)])).not.toHaveProperty('progress');
  });

  test.each<[string, Partial<StoredEvent> | { event: Partial<TaskEvent> }]>([
    ['owner', { event: { ...started(1).event, owner: 'bob' } }],
    ['task type', { name: 'demo.other' }],
  ])('that names another %s: nothing', (_what, wrong) => {
    expect(fold(pending, { ...started(1), ...wrong } as StoredEvent)).toBe(pending);
  });

  test('completed: with a large output where it lies', () => {
    const record = foldAll([started(1), completed(2, 1, { output: undefined, outputRef: ref })]);
    expect(record).toMatchObject({ status: 'COMPLETED', outputRef: ref });
    expect(record).not.toHaveProperty('output');
    expect(
      record && fold(undefined, { ...completed(1), event: { ...completed(1).event, task: largeRequest } }),
    ).toMatchObject({ inputRef: ref });
  });

  test('log: nothing', () => {
    const record = foldAll([started(1)]);
    expect(record && fold(record, log(2))).toBe(record);
  });

  test('stopping: with its reason', () => {
    expect(foldAll([started(1), stopping(2, 'enough')])).toMatchObject({
      status: 'STOPPING',
      cancelReason: 'enough',
    });
  });

  test('retrying: when, and why', () => {
    const record = foldAll([started(1), retrying(2)]);
    expect(record).toMatchObject({ status: 'RETRYING', error, nextAttemptAt: instant(62) });
    expect(record?.attempts).toMatchObject([{ number: 1, endedAt: instant(2), error }]);
  });

  test('completed: the output', () => {
    const record = foldAll([started(1), progress(2), completed(3)]);
    expect(record).toMatchObject({ status: 'COMPLETED', output: { sum: 6 }, finishedAt: instant(3) });
    expect(record?.attempts).toMatchObject([{ endedAt: instant(3) }]);
  });

  test('completed without started: the attempt began when the event says', () => {
    const record = foldAll([completed(1, 1, { startedAt: instant(0) })]);
    expect(record).toMatchObject({ status: 'COMPLETED', attempt: 1, startedAt: instant(0) });
    expect(record?.attempts).toEqual([
      { number: 1, executor: 'a', startedAt: instant(0), endedAt: instant(1), seq: 1 },
    ]);
  });

  test('completed without an output', () => {
    const record = foldAll([completed(1, 1, { output: undefined })]);
    expect(record?.status).toBe('COMPLETED');
    expect(record?.output).toBeUndefined();
  });

  test('failed: the error', () => {
    expect(foldAll([failed(1)])).toMatchObject({
      status: 'FAILED',
      error,
      finishedAt: instant(1),
      attempts: [{ error }],
    });
  });

  test('canceled: the reason, and whether the handler still runs', () => {
    expect(
      foldAll([started(1), stopping(2, 'enough'), canceled(3, { handlerStillRunning: true })]),
    ).toMatchObject({
      status: 'CANCELED',
      cancelReason: 'enough',
      handlerStillRunning: true,
      finishedAt: instant(3),
    });
    expect(foldAll([canceled(1)])).toMatchObject({ status: 'CANCELED', attempt: 0, attempts: [] });
  });
});

describe('a record of events alone', () => {
  test('is made of the first, which carries the request', () => {
    const first = started(1);
    const withTask = { ...first, event: { ...first.event, task: request } };
    expect(foldAll([withTask], undefined)).toEqual(foldAll([first]));
  });

  test('cannot be made without the request', () => {
    expect(fold(undefined, started(1))).toBeUndefined();
  });
});

test('only the latest attempts are kept', () => {
  const record = foldAll(Array.from({ length: 50 }, (_, i) => started(i + 1, i + 1)));
  expect(record?.attempts.map(({ number }) => number)).toEqual(
    Array.from({ length: attemptsKept }, (_, i) => 31 + i),
  );
});

// Any events at all, also such as no log can hold: the fold has to stand whatever it reads.
const step = fc.record({
  make: fc.constantFrom<(seq: number, attempt: number) => StoredEvent>(
    started,
    (seq, attempt) => started(seq, attempt, 'b'),
    progress,
    progress,
    log,
    retrying,
    seq => stopping(seq),
    completed,
    failed,
    seq => canceled(seq),
  ),
  attempt: fc.integer({ min: 1, max: 3 }),
  gap: fc.integer({ min: 1, max: 3 }),
});
const history = fc.array(step, { maxLength: 12 }).map(steps => {
  let seq = 0;
  return steps.map(({ make, attempt, gap }) => {
    seq += gap;
    return make(seq, attempt);
  });
});
const part = fc.nat({ max: 12 });

describe('invariant 3, record-is-fold', () => {
  test('events may be folded again, from wherever', () => {
    fc.assert(
      fc.property(history, part, part, (events, a, b) => {
        const again = [...events.slice(0, Math.max(a, b)), ...events.slice(Math.min(a, b))];
        expect(foldAll(again)).toEqual(foldAll(events));
      }),
    );
  });

  test('an event that is folded again changes not even the object', () => {
    fc.assert(
      fc.property(history, part, (events, at) => {
        const record = foldAll(events);
        const again = events[at];
        if (again) expect(fold(record, again)).toBe(record);
      }),
    );
  });

  test('a stored record and the rest of the events make the whole', () => {
    fc.assert(
      fc.property(history, part, (events, at) => {
        const half: unknown = JSON.parse(JSON.stringify(foldAll(events.slice(0, at))));
        expect(foldAll(events.slice(at), recordSchema.parse(half))).toEqual(foldAll(events));
      }),
    );
  });

  test('a record always fits its schema, and its events fit theirs', () => {
    fc.assert(
      fc.property(history, events => {
        for (const { event } of events) eventSchema.parse(JSON.parse(JSON.stringify(event)));
        const record = foldAll(events);
        expect(recordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
      }),
    );
  });

  test('a record shows what belongs to its status, and nothing else', () => {
    fc.assert(
      fc.property(history, events => {
        const record = foldAll(events) ?? pending;
        const { status } = record;
        expect('output' in record).toBe(status === 'COMPLETED');
        expect('error' in record).toBe(status === 'FAILED' || status === 'RETRYING');
        expect('nextAttemptAt' in record).toBe(status === 'RETRYING');
        expect('finishedAt' in record).toBe(isTerminal(status));
        if (isTerminal(status)) for (const attempt of record.attempts) expect(attempt.endedAt).toBeDefined();
      }),
    );
  });
});

test('invariant 2, ends-once: nothing changes after a terminal event', () => {
  fc.assert(
    fc.property(
      history,
      fc.constantFrom(completed, failed, (seq: number) => canceled(seq)),
      step,
      (events, end, more) => {
        const ended = foldAll([...events, end(100, 3)]);
        expect(ended && isTerminal(ended.status)).toBe(true);
        expect(fold(ended, more.make(100 + more.gap, more.attempt))).toBe(ended);
      },
    ),
  );
});

test('what an attempt reports that is no longer the current one changes nothing', () => {
  fc.assert(
    fc.property(history, fc.constantFrom(progress, log), (events, make) => {
      const record = foldAll(events);
      if (!record || record.attempt < 2) return;
      expect(fold(record, make(1_000, record.attempt - 1))).toBe(record);
    }),
  );
});

describe('children', () => {
  const child = (seq: number, number: number, attempt = 1) =>
    stored(seq, {
      type: 'child',
      attempt,
      executor: 'a',
      child: { id: `01890000-0000-8000-8000-${String(number).padStart(12, '0')}`, name: 'demo.add' },
    });

  test('are named in the order of their starts, each once, however often it is said', () => {
    const record = foldAll([
      started(1),
      child(2, 1),
      child(3, 2),
      started(4, 2),
      child(5, 1, 2),
      child(6, 3, 2),
    ]);
    expect(record).toMatchObject({ status: 'RUNNING', childCount: 3, seq: 6 });
    expect(record?.children?.map(({ id: childId }) => childId.at(-1))).toEqual(['1', '2', '3']);
  });

  test('beyond those that are kept are counted', () => {
    const many = Array.from({ length: childrenKept + 5 }, (_, n) => child(2 + n, n));
    const record = foldAll([started(1), ...many]);
    expect(record?.children).toHaveLength(childrenKept);
    expect(record?.childCount).toBe(childrenKept + 5);
    expect(recordSchema.parse(record)).toEqual(record);
  });

  test('are not begun by a task that is being canceled or has ended', () => {
    expect(foldAll([started(1), stopping(2), child(3, 1)])).not.toHaveProperty('children');
    expect(foldAll([started(1), completed(2), child(3, 1)])).not.toHaveProperty('children');
  });
});

describe('a pause', () => {
  const pausing = (seq: number, by = 'ann') => stored(seq, { type: 'pausing', by });
  const paused = (seq: number, attempt = 1) => stored(seq, { type: 'paused', attempt, executor: 'a' });
  const resumed = (seq: number) => stored(seq, { type: 'resumed', by: 'ben' });
  const pause = { by: 'ann', at: instant(2) };

  test.each<[string, StoredEvent[], object]>([
    ['is requested', [started(1), pausing(2)], { status: 'RUNNING', pause }],
    ['is requested by the first who asks', [started(1), pausing(2), pausing(3, 'ben')], { pause }],
    ['begins at a checkpoint', [started(1), pausing(2), paused(3)], { status: 'PAUSED', pause }],
    [
      'outlives its executor',
      [started(1), pausing(2), paused(3), started(4, 2)],
      { status: 'RUNNING', pause, losses: 1 },
    ],
    ['outlives a failure', [started(1), pausing(2), paused(3), retrying(4)], { status: 'RETRYING', pause }],
    [
      'outlives a hand-back',
      [started(1), pausing(2), paused(3), released(4)],
      { status: 'PENDING', pause, losses: 0 },
    ],
    [
      'shows the attempt that runs up to it',
      [started(1), pausing(2), paused(3), started(4, 2), paused(5, 2)],
      { status: 'PAUSED', pause, attempt: 2 },
    ],
  ])('%s', (_what, events, expected) => {
    expect(foldAll(events)).toMatchObject(expected);
    expect(recordSchema.parse(foldAll(events))).toEqual(foldAll(events));
  });

  test.each<[string, StoredEvent[], string]>([
    ['when it is resumed', [started(1), pausing(2), paused(3), resumed(4)], 'RUNNING'],
    ['when it is resumed before it began', [started(1), pausing(2), resumed(3)], 'RUNNING'],
    [
      'when it is resumed while no executor has it',
      [started(1), pausing(2), paused(3), released(4), resumed(5)],
      'PENDING',
    ],
    ['when it is canceled', [started(1), pausing(2), paused(3), stopping(4)], 'STOPPING'],
    ['with the task', [started(1), pausing(2), paused(3), failed(4)], 'FAILED'],
  ])('is over %s', (_what, events, status) => {
    expect(foldAll(events)?.status).toBe(status);
    expect(foldAll(events)).not.toHaveProperty('pause');
  });
});
