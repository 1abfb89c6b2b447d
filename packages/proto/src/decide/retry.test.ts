import { describe, expect, it } from 'vitest';
import { decideAfterFailure, type RetryAdvice } from './retry.ts';

const policy = { maxAttempts: 3, backoff: { kind: 'fixed', delayMs: 100 } as const };
const of = (code: string, advice?: RetryAdvice) => ({ error: { code, message: '' }, advice });
const decide = (
  failure: ReturnType<typeof of>,
  failures = 1,
  more: { retryOn?: string[]; deadlineMs?: number } = {},
) => {
  const { deadlineMs, ...rest } = more;
  const { do: what, ...detail } = decideAfterFailure(
    { ...policy, ...rest },
    failure,
    failures,
    deadlineMs,
    1_000,
    0.5,
  );
  return 'delayMs' in detail ? `${what} in ${detail.delayMs}` : what;
};

describe('decideAfterFailure', () => {
  it.each([
    ['tries again while attempts are left', decide(of('HANDLER_ERROR'), 2), 'retry in 100'],
    ['ends with the last attempt', decide(of('HANDLER_ERROR'), 3), 'fail'],
    ['tries again after a time limit', decide(of('TIMEOUT')), 'retry in 100'],
    ['never after what would fail again', decide(of('INVALID_OUTPUT')), 'fail'],
    ['never when the whole time is over', decide(of('TASK_TIMEOUT')), 'fail'],
    ['only after the named errors', decide(of('BUSY'), 1, { retryOn: ['BUSY'] }), 'retry in 100'],
    ['not after others than the named', decide(of('GONE'), 1, { retryOn: ['BUSY'] }), 'fail'],
    ['heeds a handler that advises against it', decide(of('BUSY', { retry: false })), 'fail'],
    ['heeds a handler that knows when', decide(of('BUSY', { retry: true, delayMs: 7 })), 'retry in 7'],
    [
      'gives no attempt on advice that is not left',
      decide(of('BUSY', { retry: true, delayMs: 7 }), 3),
      'fail',
    ],
    ['tries again before the deadline', decide(of('BUSY'), 1, { deadlineMs: 1_101 }), 'retry in 100'],
    ['does not wait beyond the deadline', decide(of('BUSY'), 1, { deadlineMs: 1_100 }), 'fail'],
  ])('%s', (_what, found, expected) => {
    expect(found).toBe(expected);
  });
});
