import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AttemptAborted } from '../handler/abort.ts';
import { startTimeLimits } from './timers.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function limits(timeoutMs: number, deadlineInMs?: number) {
  const codes: AttemptAborted['code'][] = [];
  const nowMs = Date.now();
  const deadlineMs = deadlineInMs === undefined ? undefined : nowMs + deadlineInMs;
  return { codes, ...startTimeLimits(timeoutMs, deadlineMs, nowMs, ({ code }) => codes.push(code)) };
}

describe('the time limits of an attempt', () => {
  test.each([
    ['its own', 100, 200, 'TIMEOUT'],
    ["the whole task's", 200, 100, 'TASK_TIMEOUT'],
  ])('end it when %s comes first', (_which, timeoutMs, deadlineInMs, code) => {
    const { codes, stop } = limits(timeoutMs, deadlineInMs);
    vi.advanceTimersByTime(99);
    expect(codes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(codes).toEqual([code]);
    stop();
  });

  test('do not count the time in which it is paused, more than once if need be', () => {
    const { codes, pauseAttempt, resumeAttempt } = limits(100);
    for (const ranMs of [40, 40]) {
      vi.advanceTimersByTime(ranMs);
      pauseAttempt();
      vi.advanceTimersByTime(10_000);
      resumeAttempt();
    }
    vi.advanceTimersByTime(19);
    expect(codes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(codes).toEqual(['TIMEOUT']);
  });

  test('count it for the whole task', () => {
    const { codes, pauseAttempt } = limits(100, 500);
    pauseAttempt();
    vi.advanceTimersByTime(500);
    expect(codes).toEqual(['TASK_TIMEOUT']);
  });

  test('end nothing once they are stopped, also when a pause ends after that', () => {
    const { codes, pauseAttempt, resumeAttempt, stop } = limits(100, 200);
    pauseAttempt();
    stop();
    resumeAttempt();
    vi.advanceTimersByTime(1_000);
    expect(codes).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('are none where there is none', () => {
    const { pauseAttempt, resumeAttempt, stop } = limits(0);
    pauseAttempt();
    resumeAttempt();
    expect(vi.getTimerCount()).toBe(0);
    stop();
  });
});
