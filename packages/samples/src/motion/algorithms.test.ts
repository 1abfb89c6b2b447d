import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { threePointsAround, tiltOfPlane } from './alignFlat.ts';
import { closeInOnPeak, type ReadAt, scanForPeak } from './findPeak.ts';
import { profileStatistics } from './measureProfile.ts';

describe('finding a peak', () => {
  const bell = (centre: number, parts: number[] = []): ReadAt => {
    return async (position, part) => {
      parts.push(part);
      return { position, signal: Math.exp(-(((position - centre) / 150) ** 2)) };
    };
  };
  const range = { from: -1_000, to: 1_000, steps: 21, min: -5_000, max: 5_000 };

  it('finds it wherever it lies in the range', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: -1_000, max: 1_000, noNaN: true }), async centre => {
        const parts: number[] = [];
        const scanned = await scanForPeak(bell(centre, parts), range);
        expect(Math.abs(scanned.best.position - centre)).toBeLessThanOrEqual(50.001);
        const peak = await closeInOnPeak(bell(centre, parts), scanned.bracket, 0.5);
        expect(Math.abs(peak - centre)).toBeLessThanOrEqual(0.5);
        expect(parts).toEqual([...parts].sort((a, b) => a - b));
        expect(Math.max(...parts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('climbs on beyond an end of the range, but not beyond the limits', async () => {
    expect((await scanForPeak(bell(1_420), range)).best.position).toBe(1_400);
    expect((await scanForPeak(bell(-1_290), range)).best.position).toBe(-1_300);
    const limited = await scanForPeak(bell(1_420), { ...range, max: 1_250 });
    expect(limited.best.position).toBe(1_250);
    expect(limited.bracket).toEqual([1_150, 1_250]);
  });

  it('closes in with a known number of readings', async () => {
    const parts: number[] = [];
    await closeInOnPeak(bell(30, parts), [-100, 100], 1);
    // Two to begin with, and one for each 0.618: ln(200) / ln(1.618) = 11.01.
    expect(parts).toHaveLength(2 + 12);
  });
});

describe('an axis that stops only at certain places', () => {
  it('keeps no search going: it ends after as many readings as on an exact axis', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.001, max: 300, noNaN: true }),
        fc.double({ min: -100, max: 100, noNaN: true }),
        fc.double({ min: -200, max: 200, noNaN: true }),
        async (grain, offset, centre) => {
          let readings = 0;
          const readAt: ReadAt = async position => {
            readings += 1;
            const stops = Math.round((position - offset) / grain) * grain + offset;
            return { position: stops, signal: Math.exp(-(((stops - centre) / 150) ** 2)) };
          };
          await closeInOnPeak(readAt, [-100, 100], 1);
          expect(readings).toBeLessThanOrEqual(2 + 13);
        },
      ),
    );
  });
});

describe('tiltOfPlane', () => {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;

  it('finds the tilt that made the heights', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.integer({ min: 10, max: 20_000 }),
        (tx, ty, radius) => {
          const [a, b, c] = threePointsAround(300, -200, radius).map(({ x, y }) => ({
            x,
            y,
            height: 7 + y * Math.tan(radians(tx)) - x * Math.tan(radians(ty)),
          }));
          if (!a || !b || !c) throw new Error('There are three points.');
          const tilt = tiltOfPlane([a, b, c]);
          expect(tilt.tx).toBeCloseTo(tx, 6);
          expect(tilt.ty).toBeCloseTo(ty, 6);
        },
      ),
    );
  });

  it('refuses points on one line', () => {
    const point = (x: number) => ({ x, y: 2 * x, height: x });
    expect(() => tiltOfPlane([point(0), point(1), point(2)])).toThrow(RangeError);
  });
});

describe('profileStatistics', () => {
  it('takes the line of best fit away before it measures roughness', () => {
    const profile = Array.from({ length: 100 }, (_, i) => ({
      position: i,
      height: 5 + i * Math.tan(Math.PI / 180) + (i % 2 === 0 ? 1 : -1),
    }));
    const statistics = profileStatistics(profile);
    expect(statistics.slopeDegrees).toBeCloseTo(1, 1);
    expect(statistics.ra).toBeCloseTo(1, 2);
    expect(statistics.rq).toBeCloseTo(1, 2);
    expect(statistics.peakToValley).toBeCloseTo(2.06, 2);
    expect(statistics.mean).toBeCloseTo(5 + 49.5 * Math.tan(Math.PI / 180));
  });
});
