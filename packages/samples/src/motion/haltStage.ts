import { type MotionRun, placeOf, type StartedMove, stageFault } from './motionRun.ts';

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
