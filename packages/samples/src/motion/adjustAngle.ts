import type { Handler } from '@longhaul/executor';
import { correctUntil, noSignal, roundedTilt, type Tilt } from './angles.ts';
import type { MotionTasks } from './motionTypes.ts';
import { type StageSession, withStage } from './stageSession.ts';
import { axisOf, type Stages } from './stages.ts';

/** `motion.adjustAngle`: turns tx and ty until the inclinometers read the wanted angles. */
export function adjustAngleHandler(stages: Stages): Handler<MotionTasks['adjustAngle']> {
  return async ctx => {
    const { txDegrees, tyDegrees, toleranceDegrees, maxIterations } = ctx.input;
    const stage = stages.get(ctx.input.stage);
    for (const axis of ['tx', 'ty']) axisOf(stage, axis);
    return withStage(ctx, stages, stage, async session => {
      const { first, last, iterations } = await correctUntil(session, {
        toleranceDegrees,
        maxIterations,
        async measure(span) {
          const reading = await readTilt(session, span);
          return { reading, off: { tx: reading.tx - txDegrees, ty: reading.ty - tyDegrees } };
        },
      });
      session.done(`Adjusted the angles with ${iterations} corrections`);
      return {
        stage: stage.name,
        before: roundedTilt(first.reading),
        after: roundedTilt(last.reading),
        finalPositions: roundedTilt({ tx: await session.position('tx'), ty: await session.position('ty') }),
        iterations,
        elapsedMs: session.elapsedMs(),
      };
    });
  };
}

async function readTilt(session: StageSession, [from, to]: readonly [number, number]): Promise<Tilt> {
  const read = async (sensor: 'tiltX' | 'tiltY', percent: number, what: string) => {
    const reading = await session.read(sensor, percent, `Reading the angle about ${what}`);
    if (reading === undefined)
      throw noSignal(sensor, 'reads no angle: check that it is connected.', null, null);
    return reading;
  };
  return { tx: await read('tiltX', (from + to) / 2, 'x'), ty: await read('tiltY', to, 'y') };
}
