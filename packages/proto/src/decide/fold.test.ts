import { describe, expect, test } from 'vitest';
import { childrenKept } from '../wire/childLinks.ts';
import type { StoredEvent, TaskEvent } from '../wire/event.ts';
import { recordSchema } from '../wire/record.ts';
import type { TaskRequest } from '../wire/request.ts';
import {
  canceled,
  completed,
  error,
  failed,
  foldAll,
  id,
  instant,
  largeRequest,
  log,
  name,
  pending,
  progress,
  ref,
  released,
  request,
  retrying,
  started,
  stopping,
  stored,
} from './fixtures/events.ts';
import { attemptsKept, fold, recordOfRequest, requestOfRecord } from './fold.ts';

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
