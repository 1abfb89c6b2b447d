import type { Handler } from '@longhaul/executor';
import { noSignal } from './angles.ts';
import { rounded } from './motionRun.ts';
import type { MotionTasks } from './motionTypes.ts';
import { withStage } from './stageSession.ts';
import { axisOf, requireInRange, type Stages } from './stages.ts';

/** `motion.measureProfile`: moves x or y in equal steps and reads the height at each. */
export function measureProfileHandler(stages: Stages): Handler<MotionTasks['measureProfile']> {
  return async ctx => {
    const { axis, from, to, points, velocity } = ctx.input;
    const stage = stages.get(ctx.input.stage);
    const info = axisOf(stage, axis);
    for (const end of [from, to]) requireInRange(info, 'position', end);
    requireInRange(info, 'velocity', velocity ?? info.defaultVelocity);
    return withStage(ctx, stages, stage, async session => {
      const profile: ProfilePoint[] = [];
      for (let i = 0; i < points; i++) {
        // The axis rests here. The stage stays this task's: who pauses wants to look, not to have another one move it.
        await ctx.checkpoint();
        const position = from + (i * (to - from)) / (points - 1);
        const description = `Measuring point ${i + 1} of ${points}`;
        const percent = (100 * (i + 1)) / points;
        await session.move(axis, position, { span: [(100 * i) / points, percent], velocity, description });
        const height = await session.read('height', percent, description);
        if (height === undefined) {
          throw noSignal(
            'height',
            `sees no surface at ${axis} ${rounded(position)}: align it flat first.`,
            null,
            null,
          );
        }
        profile.push({ position: rounded(position), height: rounded(height) });
      }
      session.done(`Measured ${points} points`);
      const statistics = profileStatistics(profile);
      return {
        stage: stage.name,
        axis,
        profile,
        statistics: {
          min: rounded(statistics.min),
          max: rounded(statistics.max),
          mean: rounded(statistics.mean),
          slopeDegrees: rounded(statistics.slopeDegrees),
          ra: rounded(statistics.ra),
          rq: rounded(statistics.rq),
          peakToValley: rounded(statistics.peakToValley),
        },
        finalPosition: rounded(await session.position(axis)),
        elapsedMs: session.elapsedMs(),
      };
    });
  };
}

/** A height at a place, in micrometres. */
export type ProfilePoint = { readonly position: number; readonly height: number };

/**
 * Describes a profile by its line of best fit and what is left without it (the roughness).
 *
 * @param profile two points or more at different positions
 */
export function profileStatistics(profile: readonly ProfilePoint[]) {
  const heights = profile.map(({ height }) => height);
  const meanPosition = mean(profile.map(({ position }) => position));
  const meanHeight = mean(heights);
  const spread = sum(profile.map(({ position }) => (position - meanPosition) ** 2));
  const slope = sum(profile.map(p => (p.position - meanPosition) * (p.height - meanHeight))) / spread;
  const rest = profile.map(p => p.height - meanHeight - slope * (p.position - meanPosition));
  return {
    min: Math.min(...heights),
    max: Math.max(...heights),
    mean: meanHeight,
    slopeDegrees: (Math.atan(slope) * 180) / Math.PI,
    ra: mean(rest.map(Math.abs)),
    rq: Math.sqrt(mean(rest.map(distance => distance ** 2))),
    peakToValley: Math.max(...rest) - Math.min(...rest),
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
