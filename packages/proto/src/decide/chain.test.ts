import { describe, expect, test } from 'vitest';
import type { TaskRecord } from '../wire/record.ts';
import { type Claim, decideClaim, decideRefusal, type Refusal, type RefusedEvent } from './chain.ts';
import { recordOfRequest } from './fold.ts';
import type { TaskStatus } from './status.ts';

const at = '2026-01-01T00:00:00.000Z';
const nowMs = Date.parse(at);
const pending = recordOfRequest('01890000-0000-7000-8000-000000000000', 'demo.count', {
  v: 1,
  owner: 'alice',
  createdAt: at,
  priority: 'normal',
  input: {},
});

/** A chain whose current attempt is run by `executor`. */
const run = (
  status: TaskStatus,
  number: number,
  executor: string,
  more: Partial<TaskRecord> = {},
): TaskRecord => ({
  ...pending,
  status,
  attempt: number,
  attempts: [{ number, executor, startedAt: at, seq: 1 }],
  ...more,
});

describe('a delivered request', () => {
  test.each<[string, TaskRecord, number, Claim]>([
    ['of which nothing is known begins', pending, 0, { do: 'run', attempt: 1, failures: 0, after: 0 }],
    [
      'that was scheduled begins',
      { ...pending, status: 'SCHEDULED' },
      0,
      { do: 'run', attempt: 1, failures: 0, after: 0 },
    ],
    [
      'of a lost executor is tried again',
      run('RUNNING', 1, 'a'),
      9,
      { do: 'run', attempt: 2, failures: 0, after: 9 },
    ],
    [
      'of an attempt whose started rolled off is tried again',
      { ...pending, attempt: 3, progress: {}, seq: 1_500 },
      1_500,
      { do: 'run', attempt: 4, failures: 0, after: 1_500 },
    ],
    [
      'that is due is tried again',
      run('RETRYING', 2, 'a', { nextAttemptAt: at }),
      7,
      { do: 'run', attempt: 3, failures: 0, after: 7 },
    ],
    [
      'that is not due yet waits',
      run('RETRYING', 2, 'a', { nextAttemptAt: '2026-01-01T00:00:00.001Z' }),
      7,
      { do: 'wait', untilMs: nowMs + 1, after: 7 },
    ],
    [
      'of a lost executor that was to stop is canceled',
      run('STOPPING', 1, 'a', { cancelReason: 'enough' }),
      5,
      { do: 'cancel', after: 5, reason: 'enough' },
    ],
    [
      'that was canceled before it began is canceled',
      { ...pending, status: 'STOPPING' },
      1,
      { do: 'cancel', after: 1, reason: undefined },
    ],
    ['of a completed task is done', run('COMPLETED', 1, 'a'), 5, { do: 'acknowledge' }],
    ['of a failed task is done', run('FAILED', 1, 'a'), 5, { do: 'acknowledge' }],
    ['of a canceled task is done', run('CANCELED', 1, 'a'), 5, { do: 'acknowledge' }],
    [
      'whose executor was lost once too often fails',
      run('RUNNING', 4, 'a', { losses: 3 }),
      9,
      {
        do: 'fail',
        after: 9,
        error: {
          code: 'EXECUTOR_LOST',
          message: '4 executors were lost while they ran the task, the last in attempt 4.',
        },
      },
    ],
    [
      'that was handed back runs again, whatever was lost before',
      run('PENDING', 4, 'a', { losses: 3 }),
      9,
      { do: 'run', attempt: 5, failures: 0, after: 9 },
    ],
    [
      'that nobody began in time fails',
      { ...pending, startBy: '2020-01-01T00:00:00.000Z' },
      0,
      {
        do: 'fail',
        after: 0,
        error: {
          code: 'NOT_STARTED_IN_TIME',
          message: 'No executor took the task before 2020-01-01T00:00:00.000Z.',
        },
      },
    ],
    [
      'that was begun in time is not late in its second attempt',
      run('RUNNING', 1, 'a', { startBy: '2020-01-01T00:00:00.000Z' }),
      4,
      { do: 'run', attempt: 2, failures: 0, after: 4 },
    ],
  ])('%s', (_what, chain, lastSeq, claim) => {
    expect(decideClaim(chain, lastSeq, { maxLosses: 3, deadlineMs: undefined }, nowMs)).toEqual(claim);
  });
});

describe('a delivered request of a task with a time limit', () => {
  const limits = { maxLosses: 3, deadlineMs: nowMs };

  test.each([
    ['that waits', pending, 0],
    ['that runs', run('RUNNING', 1, 'a'), 3],
  ])('%s fails once it is over', (_what, chain, lastSeq) => {
    const claim = decideClaim(chain, lastSeq, limits, nowMs);
    expect(claim).toMatchObject({ do: 'fail', after: lastSeq, error: { code: 'TASK_TIMEOUT' } });
    expect(decideClaim(chain, lastSeq, limits, nowMs - 1)).toMatchObject({ do: 'run' });
  });
});

describe('a refused append', () => {
  const mine = (type: RefusedEvent['type'], attempt = 1): RefusedEvent => ({
    type,
    attempt,
    executor: 'me',
    begun: true,
  });
  const unbegun = (type: RefusedEvent['type'], attempt = 1) => ({ ...mine(type, attempt), begun: false });
  /** A chatty attempt's `started` has rolled off the stream: its number is all that progress tells. */
  const rolledOff = (status: TaskStatus, attempt = 1): TaskRecord => ({ ...pending, status, attempt });
  const toPause: TaskRecord = {
    ...run('RUNNING', 1, 'me'),
    pause: { by: 'ann', at: '2026-01-01T00:00:00.000Z' },
  };
  const append: Refusal = { do: 'append', after: 8 };
  const stop: Refusal = { do: 'stop', after: 8 };
  const accepted: Refusal = { do: 'accepted' };
  const superseded: Refusal = { do: 'superseded' };

  test.each<[string, TaskRecord, RefusedEvent, Refusal]>([
    ['started: its acknowledgement was lost', run('RUNNING', 1, 'me'), mine('started'), accepted],
    [
      'started: another executor began the same attempt',
      run('RUNNING', 1, 'other'),
      mine('started'),
      superseded,
    ],
    ['started: another executor is further', run('RUNNING', 3, 'other'), mine('started', 2), superseded],
    ['started: the lost attempt said something more', run('RUNNING', 1, 'other'), mine('started', 2), append],
    ['started: it was canceled before', { ...pending, status: 'STOPPING' }, mine('started'), stop],
    ['started: the lost attempt was to stop', run('STOPPING', 1, 'other'), mine('started', 2), stop],
    ['started: it has ended', run('CANCELED', 1, 'other'), mine('started', 2), superseded],

    ['retrying: its acknowledgement was lost', run('RETRYING', 1, 'me'), mine('retrying'), accepted],
    ['retrying: progress came between', run('RUNNING', 1, 'me'), mine('retrying'), append],
    ['retrying: it was held back, and nothing is there', pending, mine('retrying'), append],
    ['retrying: it was canceled', run('STOPPING', 1, 'me'), mine('retrying'), stop],
    ['retrying: taken over', run('RUNNING', 2, 'other'), mine('retrying'), superseded],

    ['stopping: its acknowledgement was lost', run('STOPPING', 1, 'me'), mine('stopping'), accepted],
    ['stopping: progress came between', run('RUNNING', 1, 'me'), mine('stopping'), append],
    ['stopping: taken over', run('RUNNING', 2, 'other'), mine('stopping'), superseded],
    ['stopping: it has ended', run('COMPLETED', 1, 'me'), mine('stopping'), superseded],

    ['completed: its acknowledgement was lost', run('COMPLETED', 1, 'me'), mine('completed'), accepted],
    ['completed: progress came between', run('RUNNING', 1, 'me'), mine('completed'), append],
    ['completed: a cancel came between', run('STOPPING', 1, 'me'), mine('completed'), append],
    [
      'completed: the cancel came before its started',
      { ...pending, status: 'STOPPING' },
      mine('completed'),
      append,
    ],
    ['completed: it was canceled', run('CANCELED', 1, 'me'), mine('completed'), superseded],
    ['completed: another executor completed it', run('COMPLETED', 2, 'other'), mine('completed'), superseded],
    [
      'completed: another executor completed the same attempt',
      run('COMPLETED', 1, 'other'),
      mine('completed'),
      superseded,
    ],
    ['completed: taken over', run('RUNNING', 2, 'other'), mine('completed'), superseded],
    ['completed: taken over, and is tried again', run('RETRYING', 2, 'other'), mine('completed'), superseded],

    ['failed: its acknowledgement was lost', run('FAILED', 1, 'me'), mine('failed'), accepted],
    ['failed: a cancel came between', run('STOPPING', 1, 'me'), mine('failed'), append],
    ['failed: it has completed', run('COMPLETED', 1, 'me'), mine('failed'), superseded],

    ['progress: a cancel came between', run('STOPPING', 1, 'me'), mine('progress'), stop],
    ['progress: an acknowledgement before it was lost', run('RUNNING', 1, 'me'), mine('progress'), append],
    ['progress: taken over', run('RUNNING', 2, 'other'), mine('progress'), superseded],
    ['progress: it has ended', run('COMPLETED', 1, 'me'), mine('progress'), superseded],
    ['log: a cancel came between', run('STOPPING', 1, 'me'), mine('log'), stop],
    ['log: taken over', run('RUNNING', 2, 'other'), mine('log'), superseded],

    ['completed: its started rolled off', rolledOff('PENDING'), mine('completed'), append],
    [
      'completed: its started rolled off, and a cancel came',
      rolledOff('STOPPING'),
      mine('completed'),
      append,
    ],
    [
      'completed: it was accepted, its started rolled off',
      rolledOff('COMPLETED'),
      mine('completed'),
      accepted,
    ],
    ['completed: another’s started rolled off', rolledOff('PENDING'), unbegun('completed'), superseded],
    [
      'completed: a later attempt’s started rolled off',
      rolledOff('PENDING', 2),
      mine('completed'),
      superseded,
    ],
    ['started: another’s started rolled off', rolledOff('PENDING'), unbegun('started'), superseded],
    [
      'started: its acknowledgement was lost, unbegun as it seems',
      run('RUNNING', 1, 'me'),
      unbegun('started'),
      accepted,
    ],

    ['child: progress came between', run('RUNNING', 1, 'me'), mine('child'), append],
    ['child: it was canceled', run('STOPPING', 1, 'me'), mine('child'), stop],
    ['child: taken over', run('RUNNING', 2, 'other'), mine('child'), superseded],
    ['child: it has ended', run('FAILED', 1, 'me'), mine('child'), superseded],

    ['pausing: a gateway has written it', toPause, mine('pausing'), accepted],
    ['pausing: progress came between', run('RUNNING', 1, 'me'), mine('pausing'), append],
    ['pausing: it was canceled', run('STOPPING', 1, 'me'), mine('pausing'), stop],
    ['pausing: taken over', run('RUNNING', 2, 'other'), mine('pausing'), superseded],
    ['paused: its acknowledgement was lost', { ...toPause, status: 'PAUSED' }, mine('paused'), accepted],
    ['paused: progress came between', toPause, mine('paused'), append],
    ['paused: it was resumed before', run('RUNNING', 1, 'me'), mine('paused'), { do: 'drop', after: 8 }],
    ['paused: it was canceled', run('STOPPING', 1, 'me'), mine('paused'), stop],
    ['resumed: a gateway has written it', run('RUNNING', 1, 'me'), mine('resumed'), accepted],
    ['resumed: progress came between', toPause, mine('resumed'), append],
    ['resumed: its pausing rolled off', run('PAUSED', 1, 'me'), mine('resumed'), append],

    ['canceled: its acknowledgement was lost', run('CANCELED', 1, 'me'), mine('canceled'), accepted],
    ['canceled: after stopping', run('STOPPING', 1, 'me'), mine('canceled'), append],
    ['canceled: taken over', run('RUNNING', 2, 'other'), mine('canceled'), superseded],
  ])('%s', (_what, chain, refused, decision) => {
    expect(decideRefusal(chain, 8, refused)).toEqual(decision);
  });
});
