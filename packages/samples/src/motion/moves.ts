import type { Handler } from '@longhaul/executor';
import type { OutputOf } from '@longhaul/proto';
import { rounded } from './motionRun.ts';
import type { MotionContext, MotionTasks } from './motionTypes.ts';
import { withStage } from './stageSession.ts';
import { axisOf, requireInRange, type Stages } from './stages.ts';

/** `motion.moveAbsolute`: one axis to a position. What cannot be reached is refused before waiting for the stage. */
export function moveAbsoluteHandler(stages: Stages): Handler<MotionTasks['moveAbsolute']> {
  return async ctx => {
    const { position } = ctx.input;
    const stage = stages.get(ctx.input.stage);
    requireInRange(axisOf(stage, ctx.input.axis), 'position', position);
    return move(ctx, stages, ctx.input, () => position);
  };
}

/** `motion.moveRelative`: one axis by a distance from where it is when the task gets the stage. */
export function moveRelativeHandler(stages: Stages): Handler<MotionTasks['moveRelative']> {
  return async ctx => {
    const { distance } = ctx.input;
    return move(ctx, stages, ctx.input, start => start + distance);
  };
}

type MoveInput = { readonly stage: string; readonly axis: string; readonly velocity?: number | undefined };

async function move(
  ctx: MotionContext,
  stages: Stages,
  { stage: stageName, axis, velocity }: MoveInput,
  targetFrom: (start: number) => number,
): Promise<OutputOf<MotionTasks['moveAbsolute']>> {
  const stage = stages.get(stageName);
  const info = axisOf(stage, axis);
  requireInRange(info, 'velocity', velocity ?? info.defaultVelocity);
  return withStage(ctx, stages, stage, async session => {
    const start = await session.position(axis);
    await session.move(axis, targetFrom(start), { span: [0, 100], velocity });
    const end = await session.position(axis);
    session.done(`Moved ${axis} to ${rounded(end)} ${info.unit}`);
    return {
      stage: stage.name,
      axis,
      unit: info.unit,
      startPosition: rounded(start),
      finalPosition: rounded(end),
      travelled: rounded(Math.abs(end - start)),
      elapsedMs: session.elapsedMs(),
    };
  });
}
