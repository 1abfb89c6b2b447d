import { type MotionContext, type MotionProgress, motionError } from './motionTypes.ts';
import type { AxisInfo } from './stageController.ts';
import type { Stage, Stages } from './stages.ts';

/** A move that has been started, also after it has ended. */
export type StartedMove = { readonly info: AxisInfo; readonly start: number; readonly target: number };

/** One task on one stage: what its steps share. */
export type MotionRun = {
  readonly ctx: MotionContext;
  readonly stages: Stages;
  readonly stage: Stage;
  /** The latest move; `undefined` before the first. */
  latestMove: StartedMove | undefined;
  readonly elapsedMs: () => number;
  /** Reports progress. The percentage never goes back, and stays where it is when left out. */
  readonly report: (
    progress: Omit<MotionProgress, 'elapsedMs' | 'percent'> & { readonly percent?: number },
  ) => void;
};

export function createRun(ctx: MotionContext, stages: Stages, stage: Stage): MotionRun {
  const beganAtMs = stages.clock.nowMs();
  const elapsedMs = () => Math.round(stages.clock.nowMs() - beganAtMs);
  let percent = 0;
  return {
    ctx,
    stages,
    stage,
    latestMove: undefined,
    elapsedMs,
    report(progress) {
      percent = Math.min(100, Math.max(percent, progress.percent ?? 0));
      ctx.progress({ ...progress, percent: Math.round(percent * 10) / 10, elapsedMs: elapsedMs() });
    },
  };
}

/** Where a move has got to, as progress says it. */
export function placeOf({ info, start, target }: StartedMove, position: number) {
  return {
    axis: info.name,
    unit: info.unit,
    currentPosition: rounded(position),
    targetPosition: rounded(target),
    travelled: rounded(Math.abs(position - start)),
  };
}

/** Makes the declared error for a stage that does not do what it should. */
export function stageFault(stage: Stage, axis: string | null, position: number | null, what: string) {
  const who = axis === null ? `The stage "${stage.name}"` : `The axis "${axis}" of the stage "${stage.name}"`;
  return motionError('STAGE_FAULT', `${who} has a fault: ${what} Check the stage and start the task again.`, {
    stage: stage.name,
    axis,
    position: position === null ? null : rounded(position),
  });
}

/** To a millionth: positions and readings are for people, and sums of floats have a long tail. */
export const rounded = (value: number) => Math.round(value * 1e6) / 1e6;
