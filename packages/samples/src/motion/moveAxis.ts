import { type MotionRun, placeOf, rounded, stageFault } from './motionRun.ts';
import type { AxisState } from './stageController.ts';
import { axisOf, requireInRange } from './stages.ts';

/** How one move is a part of a task. */
export type MoveStep = {
  /** The part of the whole task that this move is, in percent. */
  readonly span: readonly [from: number, to: number];
  /** In the axis's units a second. Default: the axis's own. */
  readonly velocity?: number | undefined;
  readonly phase?: 'moving' | 'adjusting';
  /** Default: names the axis and the target. */
  readonly description?: string;
};

// An axis that comes to rest this close to its target has arrived.
const arrivalTolerance = { um: 1, deg: 0.001 } as const;

/**
 * Moves an axis and waits until it rests at its target.
 *
 * @throws TaskError `AXIS_UNKNOWN`, `OUT_OF_RANGE`, `STAGE_FAULT`; the signal's reason, with the axis still moving
 */
export async function moveAxis(run: MotionRun, axis: string, target: number, step: MoveStep): Promise<void> {
  const { stage, ctx } = run;
  const { clock, pollMs } = run.stages;
  const info = axisOf(stage, axis);
  const velocity = step.velocity ?? info.defaultVelocity;
  requireInRange(info, 'position', target);
  requireInRange(info, 'velocity', velocity);
  ctx.signal.throwIfAborted();

  const start = (await stage.controller.state(axis)).position;
  const distance = Math.abs(target - start);
  const move = { info, start, target };
  const expectedMs = 1_000 * (distance / velocity + (2 * velocity) / info.acceleration);
  const giveUpAtMs = clock.nowMs() + 2_000 + 1.5 * expectedMs;
  const description = step.description ?? `Moving ${axis} to ${rounded(target)} ${info.unit}`;

  run.latestMove = move;
  await stage.controller.startMove(axis, target, velocity);
  let state: AxisState;
  do {
    await clock.sleep(pollMs, ctx.signal);
    state = await stage.controller.state(axis);
    const part = distance === 0 ? 1 : Math.min(1, Math.abs(state.position - start) / distance);
    run.report({
      percent: step.span[0] + part * (step.span[1] - step.span[0]),
      description,
      phase: step.phase ?? 'moving',
      ...placeOf(move, state.position),
    });
    if (state.moving && clock.nowMs() > giveUpAtMs) {
      throw stageFault(stage, axis, state.position, 'it moves far longer than its velocity allows.');
    }
  } while (state.moving);
  if (Math.abs(state.position - target) > arrivalTolerance[info.unit]) {
    throw stageFault(
      stage,
      axis,
      state.position,
      `it came to rest before its target ${rounded(target)} ${info.unit}.`,
    );
  }
}
