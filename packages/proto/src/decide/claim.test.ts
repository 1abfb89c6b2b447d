import { describe, expect, test } from 'vitest';
import type { TaskStatus } from '../wire/status.ts';
import type { TaskState } from '../wire/taskState.ts';
import { type Claim, decideClaim } from './claim.ts';

const at = '2026-01-01T00:00:00.000Z';
const nowMs = Date.parse(at);
const limits = { maxLosses: 3, deadlineMs: undefined, startBy: undefined };
const pending: TaskState = { status: 'PENDING', attempt: 0, failures: 0, losses: 0, events: 0 };

/** The state of a task whose latest attempt `executor` has run, or runs. */
const run = (
  status: TaskStatus,
  attempt: number,
  executor: string,
  more: Partial<TaskState> = {},
): TaskState => ({ ...pending, status, attempt, executor, ...more });

describe('a delivered request', () => {
  test.each<[string, TaskState, Claim]>([
    ['of which nothing is known begins', pending, { do: 'run', attempt: 1, failures: 0 }],
    [
      'that was scheduled begins',
      { ...pending, status: 'SCHEDULED' },
      { do: 'run', attempt: 1, failures: 0 },
    ],
    ['of a lost executor is tried again', run('RUNNING', 1, 'a'), { do: 'run', attempt: 2, failures: 0 }],
    [
      'that is due is tried again',
      run('RETRYING', 2, 'a', { nextAttemptAt: at }),
      { do: 'run', attempt: 3, failures: 0 },
    ],
    [
      'that is not due yet waits',
      run('RETRYING', 2, 'a', { nextAttemptAt: '2026-01-01T00:00:00.001Z' }),
      { do: 'wait', untilMs: nowMs + 1 },
    ],
    [
      'of a lost executor that was to stop is canceled',
      run('STOPPING', 1, 'a', { cancelReason: 'enough' }),
      { do: 'cancel', reason: 'enough' },
    ],
    [
      'that was canceled before it began is canceled',
      { ...pending, status: 'STOPPING' },
      { do: 'cancel', reason: undefined },
    ],
    ['of a completed task is done', run('COMPLETED', 1, 'a'), { do: 'acknowledge' }],
    ['of a failed task is done', run('FAILED', 1, 'a'), { do: 'acknowledge' }],
    ['of a canceled task is done', run('CANCELED', 1, 'a'), { do: 'acknowledge' }],
    [
      'whose executor was lost once too often fails',
      run('RUNNING', 4, 'a', { losses: 3 }),
      {
        do: 'fail',
        error: {
          code: 'EXECUTOR_LOST',
          message: '4 executors were lost while they ran the task, the last in attempt 4.',
        },
      },
    ],
    [
      'that was released runs again, whatever was lost before',
      run('PENDING', 4, 'a', { losses: 3 }),
      { do: 'run', attempt: 5, failures: 0 },
    ],
    [
      'that is to pause runs up to its first checkpoint',
      run('PENDING', 1, 'a', { pause: { by: 'ann', at } }),
      { do: 'run', attempt: 2, failures: 0, toPause: true },
    ],
  ])('%s', (_what, state, claim) => {
    expect(decideClaim(state, limits, nowMs)).toEqual(claim);
  });
});

describe('a delivered request of a task that had to begin by a time', () => {
  const startBy = '2020-01-01T00:00:00.000Z';

  test('fails where no executor has begun it', () => {
    expect(decideClaim(pending, { ...limits, startBy }, nowMs)).toEqual({
      do: 'fail',
      error: { code: 'NOT_STARTED_IN_TIME', message: `No executor took the task before ${startBy}.` },
    });
  });

  test('is not late in its second attempt', () => {
    const claim = decideClaim(run('RUNNING', 1, 'a'), { ...limits, startBy }, nowMs);
    expect(claim).toEqual({ do: 'run', attempt: 2, failures: 0 });
  });
});

describe('a delivered request of a task with a time limit', () => {
  const limited = { ...limits, deadlineMs: nowMs };

  test.each([
    ['that waits', pending],
    ['that runs', run('RUNNING', 1, 'a')],
  ])('%s fails once it is over', (_what, state) => {
    const claim = decideClaim(state, limited, nowMs);
    expect(claim).toMatchObject({ do: 'fail', error: { code: 'TASK_TIMEOUT' } });
    expect(decideClaim(state, limited, nowMs - 1)).toMatchObject({ do: 'run' });
  });
});
