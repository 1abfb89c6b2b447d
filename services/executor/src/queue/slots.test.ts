import { priorities } from '@longhaul/proto/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PullState, planPulls, turnsOfPriority } from './slots.ts';

const quiet: PullState = { priority: 'normal', outstanding: 0, waiting: 0, active: false };
const active: PullState = { ...quiet, active: true };
const backlog = (priority: PullState['priority'], waiting = 1_000): PullState => ({
  ...active,
  priority,
  waiting,
});
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

const consumer = fc.record<PullState>({
  priority: fc.constantFrom(...priorities),
  outstanding: fc.nat(20),
  waiting: fc.oneof(fc.constant(0), fc.nat(50)),
  active: fc.boolean(),
});
const consumers = fc.array(consumer, { maxLength: 12 });
const turn = fc.nat(100);

test('without a free slot nothing is asked for', () => {
  fc.assert(
    fc.property(consumers, fc.integer({ min: -3, max: 0 }), turn, (states, free, n) => {
      expect(planPulls(states, free, n)).toEqual(states.map(() => 0));
    }),
  );
});

test('a quiet consumer is asked for one, once', () => {
  expect(planPulls([quiet, { ...quiet, outstanding: 1 }], 4, 0)).toEqual([1, 0]);
  fc.assert(
    fc.property(consumers, fc.integer({ min: 1, max: 20 }), turn, (states, free, n) => {
      planPulls(states, free, n).forEach((wanted, i) => {
        const state = states[i];
        if (state && !state.active && state.waiting === 0)
          expect(wanted + state.outstanding).toBe(Math.max(1, state.outstanding));
      });
    }),
  );
});

test('a busy consumer is not asked again before half of what it was asked for has come', () => {
  const wanted = [0, 1, 15, 31, 32, 63, 64].map(outstanding =>
    planPulls([{ ...active, outstanding }], 64, 0),
  );
  expect(wanted.flat()).toEqual([64, 63, 49, 33, 0, 0, 0]);
  // Of a backlog every free slot is asked for at once.
  expect(planPulls([{ ...backlog('normal'), outstanding: 63 }], 64, 0)).toEqual([1]);
});

test('no consumer is asked for more than there are free slots, all pulls of it together', () => {
  fc.assert(
    fc.property(consumers, fc.integer({ min: 1, max: 20 }), turn, (states, free, n) => {
      planPulls(states, free, n).forEach((wanted, i) => {
        expect(wanted).toBeGreaterThanOrEqual(0);
        if (wanted > 0) expect(wanted + (states[i]?.outstanding ?? 0)).toBeLessThanOrEqual(free);
      });
    }),
  );
});

test('consumers with a backlog together are never asked for more than there are free slots', () => {
  fc.assert(
    fc.property(consumers, fc.integer({ min: 1, max: 20 }), turn, (states, free, n) => {
      const asked = planPulls(states, free, n).filter((_, i) => (states[i]?.waiting ?? 0) > 0);
      expect(sum(asked)).toBeLessThanOrEqual(free);
    }),
  );
});

test('a backlog is never left waiting while slots are free and nothing is asked for', () => {
  fc.assert(
    fc.property(consumers, fc.integer({ min: 1, max: 20 }), turn, (states, free, n) => {
      fc.pre(states.some(state => state.waiting > 0));
      const wanted = planPulls(states, free, n);
      expect(sum(states.map(state => state.outstanding)) + sum(wanted)).toBeGreaterThan(0);
    }),
  );
});

describe('priority', () => {
  test('a high backlog takes all slots', () => {
    expect(planPulls([backlog('low'), backlog('normal'), backlog('high')], 5, 0)).toEqual([0, 0, 5]);
  });

  test('a small high backlog leaves the rest to the next', () => {
    expect(planPulls([backlog('low'), backlog('normal', 2), backlog('high', 1)], 10, 0)).toEqual([7, 2, 1]);
  });

  test('a trickle of high work does not hold slots that it does not use', () => {
    // It delivered a moment ago, nothing waits behind, and the pulls for a burst are still open.
    const trickle: PullState = { ...active, priority: 'high', outstanding: 9 };
    const [, normal] = planPulls([trickle, backlog('normal')], 10, 0);
    expect(normal).toBeGreaterThanOrEqual(9);
  });

  test.each(priorities)('%s work is not starved by backlogs of all the others', priority => {
    const states = priorities.map(p => backlog(p));
    const served = Array.from({ length: turnsOfPriority }, (_, n) => planPulls(states, 1, n));
    expect(sum(served.map(wanted => wanted[priorities.indexOf(priority)] ?? 0))).toBeGreaterThan(0);
  });

  test('higher priority is served more often', () => {
    const states = priorities.map(p => backlog(p));
    const served = Array.from({ length: turnsOfPriority * 4 }, (_, n) => planPulls(states, 1, n));
    const [high = 0, normal = 0, low = 0] = priorities.map((_, i) =>
      sum(served.map(wanted => wanted[i] ?? 0)),
    );
    expect(high).toBeGreaterThan(normal);
    expect(normal).toBeGreaterThanOrEqual(low);
    expect(high).toBeGreaterThan(turnsOfPriority * 2);
  });

  test('no task name is starved by others of its priority, however many names there are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.constantFrom(...priorities), (names, priority) => {
        const states = Array.from({ length: names }, () => priorities.map(p => backlog(p))).flat();
        const plans = Array.from({ length: turnsOfPriority * names }, (_, n) => planPulls(states, 1, n));
        states.forEach((state, i) => {
          if (state.priority === priority) expect(plans.some(wanted => (wanted[i] ?? 0) > 0)).toBe(true);
        });
      }),
    );
  });
});
