import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallRateLimiter } from './callRate.ts';

describe('a rate of calls', () => {
  it('lets a burst through, then as many as come back', () => {
    const rate = new CallRateLimiter({ perSecond: 2, burst: 10 });
    expect(rate.take('ann', 10, 0)).toEqual({
      allowed: true,
      remaining: 0,
      retryAfterSeconds: 0,
      resetSeconds: 5,
    });
    expect(rate.take('ann', 1, 0)).toMatchObject({ allowed: false, remaining: 0, retryAfterSeconds: 1 });
    expect(rate.take('ann', 4, 0)).toMatchObject({ allowed: false, retryAfterSeconds: 2 });
    expect(rate.take('ann', 1, 500)).toMatchObject({ allowed: true, remaining: 0 });
    expect(rate.take('ann', 1, 600)).toMatchObject({ allowed: false });
  });

  it('counts each caller alone', () => {
    const rate = new CallRateLimiter({ perSecond: 1, burst: 1 });
    expect(rate.take('ann', 1, 0).allowed).toBe(true);
    expect(rate.take('bob', 1, 0).allowed).toBe(true);
    expect(rate.take('ann', 1, 0).allowed).toBe(false);
  });

  it('never lets more through than burst and time allow, and a caller that waits as told is let through', () => {
    const calls = fc.array(fc.record({ afterMs: fc.nat(3_000), calls: fc.integer({ min: 1, max: 20 }) }));
    fc.assert(
      fc.property(calls, asked => {
        const rate = new CallRateLimiter({ perSecond: 7, burst: 20 });
        let nowMs = 1_000_000;
        let through = 0;
        for (const { afterMs, calls: count } of asked) {
          nowMs += afterMs;
          const turn = rate.take('ann', count, nowMs);
          if (turn.allowed) {
            through += count;
          } else {
            nowMs += turn.retryAfterSeconds * 1_000;
            expect(rate.take('ann', count, nowMs).allowed).toBe(true);
            through += count;
          }
        }
        expect(through).toBeLessThanOrEqual(20 + (7 * (nowMs - 1_000_000)) / 1_000 + 1e-6);
      }),
      { numRuns: 30 },
    );
  });
});
