import { describe, expect, it } from 'vitest';
import { backoffDelayMs } from './backoff.ts';

describe('backoffDelayMs', () => {
  it('is always the same when it is fixed', () => {
    const backoff = { kind: 'fixed', delayMs: 250 } as const;
    expect([1, 2, 9].map(failures => backoffDelayMs(backoff, failures, 0.5))).toEqual([250, 250, 250]);
  });

  it('goes through a list and repeats its last', () => {
    const backoff = { kind: 'list' as const, delaysMs: [10, 20, 40] };
    expect([1, 2, 3, 4].map(failures => backoffDelayMs(backoff, failures, 0.5))).toEqual([10, 20, 40, 40]);
  });

  it('doubles up to its limit, half of it by chance', () => {
    const backoff = { kind: 'exponential', firstMs: 100, factor: 2, maxMs: 500 } as const;
    expect([1, 2, 3, 4, 99].map(failures => backoffDelayMs(backoff, failures, 1))).toEqual([
      100, 200, 400, 500, 500,
    ]);
    expect([1, 2, 3, 4, 99].map(failures => backoffDelayMs(backoff, failures, 0))).toEqual([
      50, 100, 200, 250, 250,
    ]);
  });
});
