import type { Handler } from '@longhaul/executor';
import { correctUntil, noSignal, roundedTilt } from './angles.ts';
import { rounded } from './motionRun.ts';
import type { MotionTasks } from './motionTypes.ts';
import { type SurfacePoint, threePointsAround, tiltOfPlane } from './plane.ts';
import { type StageSession, withStage } from './stageSession.ts';
import { axisOf, requireInRange, type Stages } from './stages.ts';

type Triangle = [SurfacePoint, SurfacePoint, SurfacePoint];

/**
 * `motion.alignFlat`: measures three points around the present position, fits a plane, turns tx and ty back by its
 * tilt, and again until the plane is level; then returns to where it began.
 */
export function alignFlatHandler(stages: Stages): Handler<MotionTasks['alignFlat']> {
  return async ctx => {
    const { radius, toleranceDegrees, maxIterations } = ctx.input;
    const stage = stages.get(ctx.input.stage);
    const [infoX, infoY] = [axisOf(stage, 'x'), axisOf(stage, 'y')];
    for (const axis of ['tx', 'ty']) axisOf(stage, axis);
    return withStage(ctx, stages, stage, async session => {
      const centre = { x: await session.position('x'), y: await session.position('y') };
      const places = threePointsAround(centre.x, centre.y, radius);
      for (const { x, y } of places) {
        requireInRange(infoX, 'position', x);
        requireInRange(infoY, 'position', y);
      }
      const { first, last, iterations } = await correctUntil(session, {
        toleranceDegrees,
        maxIterations,
        async measure(span) {
          const points = await measureTriangle(session, places, span);
          return { points, off: tiltOfPlane(points) };
        },
      });
      await session.move('x', centre.x, { span: [95, 98] });
      await session.move('y', centre.y, { span: [98, 100] });
      session.done(`Level with ${iterations} corrections`);
      return {
        stage: stage.name,
        before: roundedTilt(first.off),
        after: roundedTilt(last.off),
        points: last.points.map(({ x, y, height }) => ({
          x: rounded(x),
          y: rounded(y),
          height: rounded(height),
        })),
        finalPositions: {
          x: rounded(centre.x),
          y: rounded(centre.y),
          ...roundedTilt({ tx: await session.position('tx'), ty: await session.position('ty') }),
        },
        iterations,
        elapsedMs: session.elapsedMs(),
      };
    });
  };
}

async function measureTriangle(
  session: StageSession,
  places: ReturnType<typeof threePointsAround>,
  [from, to]: readonly [number, number],
): Promise<Triangle> {
  const measure = async (number: 1 | 2 | 3): Promise<SurfacePoint> => {
    const { x, y } = places[(number - 1) as 0 | 1 | 2];
    const at = (part: number) => from + ((number - 1 + part) / 3) * (to - from);
    const description = `Moving to point ${number} of 3`;
    await session.move('x', x, { span: [at(0), at(0.45)], description });
    await session.move('y', y, { span: [at(0.45), at(0.9)], description });
    const height = await session.read('height', at(1), `Measuring point ${number} of 3`);
    if (height === undefined) {
      throw noSignal(
        'height',
        `sees no surface at x ${rounded(x)}, y ${rounded(y)}: use a smaller radius.`,
        null,
        null,
      );
    }
    return { x, y, height };
  };
  return [await measure(1), await measure(2), await measure(3)];
}
