import type { Handler } from '@longhaul/executor';
import { correctUntil, noSignal, roundedTilt } from './angles.ts';
import { rounded } from './motionRun.ts';
import type { MotionTasks } from './motionTypes.ts';
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

/** A measured point of a surface, in micrometres. */
export type SurfacePoint = { readonly x: number; readonly y: number; readonly height: number };

/**
 * The tilt of the plane through three points, in degrees: `tx` is positive where positive y is higher, `ty` where
 * positive x is lower (right-handed turns about x and y).
 *
 * @throws RangeError when the points lie on one line
 */
export function tiltOfPlane([a, b, c]: readonly [SurfacePoint, SurfacePoint, SurfacePoint]): {
  tx: number;
  ty: number;
} {
  const ab = { x: b.x - a.x, y: b.y - a.y, height: b.height - a.height };
  const ac = { x: c.x - a.x, y: c.y - a.y, height: c.height - a.height };
  const area = ab.x * ac.y - ac.x * ab.y;
  if (Math.abs(area) < 1e-9) throw new RangeError('Three points on one line make no plane.');
  const slopeX = (ab.height * ac.y - ac.height * ab.y) / area;
  const slopeY = (ab.x * ac.height - ac.x * ab.height) / area;
  return { tx: degrees(Math.atan(slopeY)), ty: -degrees(Math.atan(slopeX)) };
}

/** Three points on a circle, a third of it apart. */
export function threePointsAround(x: number, y: number, radius: number) {
  const at = (angle: number) => ({ x: x + radius * Math.cos(angle), y: y + radius * Math.sin(angle) });
  return [at(Math.PI / 2), at((7 * Math.PI) / 6), at((11 * Math.PI) / 6)] as const;
}

const degrees = (radians: number) => (radians * 180) / Math.PI;
