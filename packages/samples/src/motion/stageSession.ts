import { createRun, type MotionRun, placeOf, rounded, type StartedMove, stageFault } from './motionRun.ts';
import type { MotionContext } from './motionTypes.ts';
import { type MoveStep, moveAxis } from './moveAxis.ts';
import { type SensorName, StageFault } from './stageController.ts';
import type { Stage, Stages } from './stages.ts';

/** The stage while it belongs to one task. */
export type StageSession = {
  readonly elapsedMs: () => number;
  readonly position: (axis: string) => Promise<number>;
  /**
   * Moves an axis and waits until it rests at its target.
   * @throws TaskError `AXIS_UNKNOWN`, `OUT_OF_RANGE`, `STAGE_FAULT`
   */
  readonly move: (axis: string, target: number, step: MoveStep) => Promise<void>;
  /** The mean of some readings once the stage has settled, or `undefined` where the sensor sees nothing. */
  readonly read: (sensor: SensorName, percent: number, description: string) => Promise<number | undefined>;
  readonly done: (description: string) => void;
};

const readingsPerMean = 4;
const readingIntervalMs = 5;

/**
 * Waits for the stage, gives it to `work`, and gives it back at rest.
 *
 * On abort the axis that moves is stopped, the last progress says where it came to rest, and then the signal's reason
 * is thrown. A fault of the controller becomes `STAGE_FAULT`, also after an abort: the caller that canceled must learn that
 * the stage may still move.
 */
export async function withStage<T>(
  ctx: MotionContext,
  stages: Stages,
  stage: Stage,
  work: (session: StageSession) => Promise<T>,
): Promise<T> {
  const run = createRun(ctx, stages, stage);
  const release = await stage.lock.acquire(ctx.signal, () =>
    run.report({ description: 'Waiting for the stage', phase: 'waiting' }),
  );
  try {
    await stage.controller.connect();
    return await work(sessionOf(run));
  } catch (error) {
    const stopError = await bringToRest(run);
    if (!ctx.signal.aborted) throw asTaskError(run, error);
    throw stopError === undefined ? ctx.signal.reason : asTaskError(run, stopError);
  } finally {
    release();
  }
}

function sessionOf(run: MotionRun): StageSession {
  const { controller } = run.stage;
  const { clock, settleMs } = run.stages;
  return {
    elapsedMs: run.elapsedMs,
    position: async axis => (await controller.state(axis)).position,
    move: (axis, target, step) => moveAxis(run, axis, target, step),
    async read(sensor, percent, description) {
      await clock.sleep(settleMs, run.ctx.signal);
      let sum = 0;
      for (let i = 0; i < readingsPerMean; i++) {
        if (i > 0) await clock.sleep(readingIntervalMs, run.ctx.signal);
        const reading = await controller.readSensor(sensor);
        if (reading === undefined) return undefined;
        sum += reading;
      }
      const reading = sum / readingsPerMean;
      run.report({ percent, description, phase: 'measuring', reading: rounded(reading) });
      return reading;
    },
    done(description) {
      const { latestMove } = run;
      const place = latestMove === undefined ? {} : placeOf(latestMove, latestMove.target);
      run.report({ percent: 100, description, phase: 'done', ...place });
    },
  };
}

/** Stops what moves; says what went wrong with it instead of throwing. */
async function bringToRest(run: MotionRun): Promise<unknown> {
  const { latestMove, stage, ctx } = run;
  if (latestMove === undefined) return undefined;
  try {
    // After a cancel the last progress says where the axis is, even if it was at rest between two moves.
    const { moving } = await stage.controller.state(latestMove.info.name);
    if (moving || ctx.signal.aborted) await haltStage(run, latestMove);
    return undefined;
  } catch (error) {
    ctx.log.error(`The stage "${stage.name}" could not be stopped.`, { error: String(error) });
    return error;
  }
}

function asTaskError(run: MotionRun, error: unknown): unknown {
  if (!(error instanceof StageFault)) return error;
  return stageFault(run.stage, run.latestMove?.info.name ?? null, null, error.message);
}

const pollMs = 10;
// A stage that takes longer is reported as a fault, because it may still move.
const maxStopMs = 2_000;

/**
 * Brings the axis of the latest move to rest, and reports where that is. Takes no signal: it is what a cancel does.
 *
 * @throws TaskError `STAGE_FAULT` when it does not come to rest; what the controller throws
 */
export async function haltStage(run: MotionRun, move: StartedMove): Promise<void> {
  const { stage, stages } = run;
  const { name, unit } = move.info;
  const giveUpAtMs = stages.clock.nowMs() + maxStopMs;
  await stage.controller.stop(name, stages.stopMode);
  for (;;) {
    const { position, moving } = await stage.controller.state(name);
    const place = placeOf(move, position);
    if (!moving) {
      const description = `Stopped ${name} at ${place.currentPosition} ${unit}`;
      run.report({ description, phase: 'stopped', stopped: true, ...place });
      return;
    }
    if (stages.clock.nowMs() > giveUpAtMs) throw stageFault(stage, name, position, 'it does not stop.');
    run.report({ description: `Stopping ${name}`, phase: 'stopping', stopped: false, ...place });
    await stages.clock.sleep(pollMs);
  }
}
