import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planMove, planStop } from './kinematics.ts';

const position = fc.double({ min: -25_000, max: 25_000, noNaN: true });
const velocity = fc.double({ min: 0.1, max: 10_000, noNaN: true });
const acceleration = fc.double({ min: 1, max: 100_000, noNaN: true });
const part = fc.double({ min: 0, max: 1, noNaN: true });

describe('planMove', () => {
  it('is a trapezoid: 1 s up to 10, 9 s at 10, 1 s down', () => {
    const move = planMove(0, 100, 10, 10);
    expect(move.durationMs).toBeCloseTo(11_000);
    expect(move.at(500)).toEqual({ position: 1.25, velocity: 5 });
    expect(move.at(1_000)).toEqual({ position: 5, velocity: 10 });
    expect(move.at(5_500)).toEqual({ position: 50, velocity: 10 });
    expect(move.at(10_500).position).toBeCloseTo(98.75);
    expect(move.at(10_500).velocity).toBeCloseTo(5);
  });

  it('is a triangle when it is too short for its velocity', () => {
    const move = planMove(10, 0, 100, 10);
    expect(move.durationMs).toBeCloseTo(2_000);
    expect(move.at(1_000).position).toBeCloseTo(5);
    expect(move.at(1_000).velocity).toBeCloseTo(-10);
  });

  it('takes no time when there is nowhere to go', () => {
    expect(planMove(3, 3, 10, 10).durationMs).toBe(0);
    expect(planMove(3, 3, 10, 10).at(0)).toEqual({ position: 3, velocity: 0 });
  });

  it('begins and ends at rest, never exceeds its limits and never turns back', () => {
    fc.assert(
      fc.property(position, position, velocity, acceleration, part, part, (from, to, v, a, one, two) => {
        const move = planMove(from, to, v, a);
        for (const [elapsedMs, place] of [
          [-1, from],
          [move.durationMs, to],
        ] as const) {
          expect(move.at(elapsedMs).position).toBeCloseTo(place, 9);
          expect(move.at(elapsedMs).velocity).toBe(0);
        }
        const [early, late] = [Math.min(one, two), Math.max(one, two)].map(p => p * move.durationMs);
        const [before, after] = [move.at(early ?? 0), move.at(late ?? 0)];
        const direction = Math.sign(to - from);
        const seconds = ((late ?? 0) - (early ?? 0)) / 1000;
        const way = direction * (after.position - before.position);
        expect(way).toBeGreaterThanOrEqual(-1e-6);
        expect(way).toBeLessThanOrEqual(v * seconds + 1e-6);
        expect(Math.abs(after.velocity)).toBeLessThanOrEqual(v * (1 + 1e-9));
        expect(Math.abs(after.velocity - before.velocity)).toBeLessThanOrEqual(a * seconds + 1e-6 * v);
      }),
    );
  });
});

describe('planStop', () => {
  it('brakes evenly and rests', () => {
    const stop = planStop({ position: 100, velocity: -20 }, 40);
    expect(stop.durationMs).toBe(500);
    expect(stop.at(250)).toEqual({ position: 96.25, velocity: -10 });
    expect(stop.at(9_999)).toEqual({ position: 95, velocity: 0 });
  });

  it('continues from where a move is cut off, and comes to rest before the target', () => {
    fc.assert(
      fc.property(position, position, velocity, acceleration, part, (from, to, v, a, cut) => {
        const move = planMove(from, to, v, a);
        const at = move.at(cut * move.durationMs);
        const stop = planStop(at, 2 * a);
        expect(stop.at(0).position).toBeCloseTo(at.position);
        expect(stop.at(0).velocity).toBeCloseTo(at.velocity);
        const rest = stop.at(stop.durationMs);
        expect(rest.velocity).toBe(0);
        expect(Math.abs(rest.position - from)).toBeLessThanOrEqual(Math.abs(to - from) + 1e-6);
      }),
    );
  });
});
