import { describe, expect, test } from 'vitest';
import type { TaskStatus } from '../wire/status.ts';
import type { TaskState } from '../wire/taskState.ts';
import { decideRefusal, type Refusal, type RefusedEvent } from './refusal.ts';

const pending: TaskState = { status: 'PENDING', attempt: 0, failures: 0, losses: 0, events: 0 };

/** The state of a task whose latest attempt `executor` has run, or runs. */
const run = (status: TaskStatus, attempt: number, executor: string): TaskState => ({
  ...pending,
  status,
  attempt,
  executor,
});

describe('a refused append', () => {
  const mine = (type: RefusedEvent['type'], attempt = 1): RefusedEvent => ({ type, attempt, executor: 'me' });
  const toPause: TaskState = {
    ...run('RUNNING', 1, 'me'),
    pause: { by: 'ann', at: '2026-01-01T00:00:00.000Z' },
  };
  const append: Refusal = { do: 'append' };
  const stop: Refusal = { do: 'stop' };
  const accepted: Refusal = { do: 'accepted' };
  const superseded: Refusal = { do: 'superseded' };

  test.each<[string, TaskState, RefusedEvent, Refusal]>([
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

    ['released: its acknowledgement was lost', run('PENDING', 1, 'me'), mine('released'), accepted],
    ['released: progress came between', run('RUNNING', 1, 'me'), mine('released'), append],
    ['released: a cancel came between', run('STOPPING', 1, 'me'), mine('released'), { do: 'drop' }],

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
    ['paused: it was resumed before', run('RUNNING', 1, 'me'), mine('paused'), { do: 'drop' }],
    ['paused: it was canceled', run('STOPPING', 1, 'me'), mine('paused'), stop],
    ['resumed: a gateway has written it', run('RUNNING', 1, 'me'), mine('resumed'), accepted],
    ['resumed: progress came between', toPause, mine('resumed'), append],
    ['resumed: only its paused is known', run('PAUSED', 1, 'me'), mine('resumed'), append],

    ['canceled: its acknowledgement was lost', run('CANCELED', 1, 'me'), mine('canceled'), accepted],
    ['canceled: after stopping', run('STOPPING', 1, 'me'), mine('canceled'), append],
    ['canceled: taken over', run('RUNNING', 2, 'other'), mine('canceled'), superseded],
  ])('%s', (_what, state, refused, decision) => {
    expect(decideRefusal(state, refused)).toEqual(decision);
  });
});
