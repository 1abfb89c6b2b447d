import { describe, expect, it } from 'vitest';
import type { Rate } from '../wire/limit.ts';
import { takeTurn } from './rate.ts';

const none: Rate = { v: 1, name: 'demo.task', begun: [] };

/** Begins as often as it is let, at the earliest moment of each. */
function beginAll(count: number, limit: number, intervalMs: number, startMs = 0): number[] {
  const times: number[] = [];
  let rate = none;
  let nowMs = startMs;
  while (times.length < count) {
    const turn = takeTurn(rate, { limit, intervalMs }, nowMs);
    if (turn.answer.taken) {
      times.push(nowMs);
      rate = turn.rate;
    } else {
      expect(turn.answer.atMs).toBeGreaterThan(nowMs);
      nowMs = turn.answer.atMs;
    }
  }
  return times;
}

describe('takeTurn', () => {
  it('lets the limit begin at once and the next when the first is an interval ago', () => {
    expect(beginAll(7, 3, 1_000)).toEqual([0, 0, 0, 1_000, 1_000, 1_000, 2_000]);
  });

  it('never lets more than the limit begin in an interval, wherever that is laid', () => {
    let rate = none;
    const times: number[] = [];
    for (let nowMs = 0; nowMs < 10_000; nowMs += 70) {
      const turn = takeTurn(rate, { limit: 4, intervalMs: 900 }, nowMs);
      rate = turn.rate;
      if (turn.answer.taken) times.push(nowMs);
    }
    expect(times.length).toBeGreaterThan(40);
    for (const [i, atMs] of times.entries())
      expect(times.slice(i).filter(other => other < atMs + 900).length).toBeLessThanOrEqual(4);
  });

  it('remembers no more than it needs', () => {
    let rate = none;
    for (let nowMs = 0; nowMs < 100_000; nowMs += 10)
      rate = takeTurn(rate, { limit: 5, intervalMs: 50 }, nowMs).rate;
    expect(rate.begun.length).toBeLessThanOrEqual(5);
  });

  it("keeps the times in order though another machine's clock is ahead", () => {
    const ahead: Rate = { ...none, begun: [500] };
    const turn = takeTurn(ahead, { limit: 2, intervalMs: 1_000 }, 100);
    expect(turn.rate.begun).toEqual([500, 500]);
    expect(takeTurn(turn.rate, { limit: 2, intervalMs: 1_000 }, 200).answer).toEqual({
      taken: false,
      atMs: 1_500,
    });
  });
});
