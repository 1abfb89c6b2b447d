import { runHandler } from '@longhaul/executor';
import { describe, expect, it } from 'vitest';
import { sampleContract } from '../index.ts';
import { defaultSample, heightOf } from './simulation/sample.ts';
import { expectBarNeverGoesBack, positionsOf, setUp } from './testStage.ts';

const { motion } = sampleContract;
const flat = { ...defaultSample, texture: () => 0 };

describe('adjustAngle', () => {
  it('turns until the inclinometers read the wanted angles', async () => {
    const { handlers, progress, run, stage } = setUp();
    const output = await runHandler(motion.adjustAngle, handlers.adjustAngle, { txDegrees: 0.5 }, run);
    expect(output.before.tx).toBeCloseTo(0.31 * 0.97, 2);
    expect(output.before.ty).toBeCloseTo(-0.22 * 0.97, 2);
    expect(Math.abs(output.after.tx - 0.5)).toBeLessThanOrEqual(0.005);
    expect(Math.abs(output.after.ty)).toBeLessThanOrEqual(0.005);
    expect(output.iterations).toBeGreaterThanOrEqual(2);
    expect((await stage.state('ty')).position).toBeCloseTo(0.22, 1);
    expect(new Set(progress.map(({ description }) => description))).toContain('Adjusting tx');
    expectBarNeverGoesBack(progress);
  });

  it('says when the corrections do not suffice', async () => {
    const { handlers } = setUp({ noise: { height: 0, tilt: 0.2, focus: 0 } });
    const input = { toleranceDegrees: 0.001, maxIterations: 3 };
    await expect(runHandler(motion.adjustAngle, handlers.adjustAngle, input)).rejects.toMatchObject({
      code: 'NOT_CONVERGED',
      data: { iterations: 3, toleranceDegrees: 0.001 },
    });
  });

  it('says when a sensor reads nothing', async () => {
    const { handlers } = setUp({ change: () => ({ readSensor: async () => undefined }) });
    await expect(runHandler(motion.adjustAngle, handlers.adjustAngle, {})).rejects.toMatchObject({
      code: 'NO_SIGNAL',
      data: { sensor: 'tiltX', reading: null },
    });
  });
});

describe('alignFlat', () => {
  it('levels the sample by three heights and returns to where it began', async () => {
    const { handlers, progress, run, stage } = setUp({ sample: flat });
    await runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 100 });
    const output = await runHandler(motion.alignFlat, handlers.alignFlat, {}, run);
    expect(output.before.tx).toBeCloseTo(0.31, 2);
    expect(output.before.ty).toBeCloseTo(-0.22, 2);
    // The sample lies level when the axes undo how it is mounted.
    const positions = await positionsOf(stage);
    expect(Math.abs((positions.tx ?? 0) + 0.31)).toBeLessThan(0.015);
    expect(Math.abs((positions.ty ?? 0) - 0.22)).toBeLessThan(0.015);
    expect(output.finalPositions).toMatchObject({ x: 100, y: 0 });
    expect(positions).toMatchObject({ x: 100, y: 0 });
    expect(output.points).toHaveLength(3);
    expectBarNeverGoesBack(progress);
  });

  it('says where it sees no surface', async () => {
    const { handlers } = setUp({ sample: { ...flat, mountTilt: { tx: 4, ty: 0 } } });
    await expect(runHandler(motion.alignFlat, handlers.alignFlat, { radius: 10_000 })).rejects.toMatchObject({
      code: 'NO_SIGNAL',
      message: expect.stringContaining('y 10000'),
      data: { sensor: 'height' },
    });
  });

  it('refuses a radius that leads off the stage', async () => {
    const { handlers } = setUp();
    await runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 24_000 });
    await expect(runHandler(motion.alignFlat, handlers.alignFlat, {})).rejects.toMatchObject({
      code: 'OUT_OF_RANGE',
    });
  });
});

describe('alignFocus', () => {
  it('finds the peak and stays there', async () => {
    const { handlers, progress, run, stage } = setUp();
    const output = await runHandler(motion.alignFocus, handlers.alignFocus, {}, run);
    expect(Math.abs(output.finalPosition - defaultSample.focusZ)).toBeLessThan(5);
    expect(output.signal).toBeGreaterThan(0.99);
    expect((await stage.state('z')).position).toBeCloseTo(output.finalPosition, 5);
    expect(output.readings.length).toBeGreaterThan(21);
    expectBarNeverGoesBack(progress);
  });

  it('climbs out of a range that the focus is not in', async () => {
    const { handlers } = setUp({ sample: { ...defaultSample, focusZ: 1_400, focusWidth: 400 } });
    const output = await runHandler(motion.alignFocus, handlers.alignFocus, { range: 2_000 });
    expect(Math.abs(output.finalPosition - 1_400)).toBeLessThan(10);
  });

  it('says how weak the signal was where there is no focus', async () => {
    const { handlers } = setUp({ sample: { ...defaultSample, focusZ: 4_000 } });
    await expect(runHandler(motion.alignFocus, handlers.alignFocus, {})).rejects.toMatchObject({
      code: 'NO_SIGNAL',
      data: { sensor: 'focus', threshold: 0.1, reading: expect.closeTo(0.02, 2) },
    });
  });
});

describe('measureProfile', () => {
  it('gives the heights of the surface, and what they have in common', async () => {
    const { handlers, progress, run } = setUp();
    const output = await runHandler(motion.measureProfile, handlers.measureProfile, { points: 101 }, run);
    expect(output.profile).toHaveLength(101);
    expect(output.profile.map(({ position }) => position).slice(0, 3)).toEqual([-500, -490, -480]);
    for (const { position, height } of output.profile) {
      const real = heightOf(defaultSample, { x: position, y: 0, z: 0, tx: 0, ty: 0 });
      expect(Math.abs(height - real)).toBeLessThan(0.2);
    }
    expect(output.statistics.slopeDegrees).toBeCloseTo(0.22, 0);
    expect(output.statistics.peakToValley).toBeGreaterThan(3);
    expect(output.finalPosition).toBe(500);
    expectBarNeverGoesBack(progress);
  });

  it('can be paused between two points, with the stage at rest', async () => {
    const { handlers, stage } = setUp({ sample: flat });
    const rests: { moving: boolean; position: number }[] = [];
    const input = { from: 0, to: 100, points: 3 };
    await runHandler(motion.measureProfile, handlers.measureProfile, input, {
      onCheckpoint: async () => void rests.push(await stage.state('x')),
    });
    expect(rests).toMatchObject([
      { moving: false },
      { moving: false, position: 0 },
      { moving: false, position: 50 },
    ]);
  });

  it('measures backwards and along y as well', async () => {
    const { handlers } = setUp({ sample: flat });
    const input = { axis: 'y' as const, from: 1_000, to: -1_000, points: 3 };
    const output = await runHandler(motion.measureProfile, handlers.measureProfile, input);
    expect(output.profile.map(({ position }) => position)).toEqual([1_000, 0, -1_000]);
    expect(output.statistics.slopeDegrees).toBeCloseTo(0.31, 1);
  });

  it('refuses a profile of no length', async () => {
    const { handlers } = setUp();
    await expect(
      runHandler(motion.measureProfile, handlers.measureProfile, { from: 5, to: 5 }),
    ).rejects.toThrow('from and to must differ');
  });
});
