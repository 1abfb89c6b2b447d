import type { Handler } from '@longhaul/executor';
import { noSignal } from './angles.ts';
import { closeInOnPeak, type Reading, scanForPeak } from './findPeak.ts';
import { rounded } from './motionRun.ts';
import type { MotionTasks } from './motionTypes.ts';
import { withStage } from './stageSession.ts';
import { axisOf, type Stages } from './stages.ts';

// Far above the background of the focus sensor, far below any real focus.
const signalThreshold = 0.1;
// The last part of the bar belongs to the way to the peak.
const searchPercent = 97;

/** `motion.alignFocus`: scans z for the strongest focus signal, closes in on the peak and stays there. */
export function alignFocusHandler(stages: Stages): Handler<MotionTasks['alignFocus']> {
  return async ctx => {
    const { range, steps, tolerance } = ctx.input;
    const stage = stages.get(ctx.input.stage);
    const { min, max } = axisOf(stage, 'z');
    return withStage(ctx, stages, stage, async session => {
      const readings: Reading[] = [];
      let percent = 0;
      const read = async (position: number, upToPercent: number, description: string): Promise<Reading> => {
        await session.move('z', position, { span: [percent, upToPercent], description });
        percent = upToPercent;
        const signal = await session.read('focus', upToPercent, description);
        if (signal === undefined)
          throw noSignal('focus', 'reads nothing: check that it is connected.', null, signalThreshold);
        const reading = { position: rounded(position), signal: rounded(signal) };
        readings.push(reading);
        return { position, signal };
      };

      const centre = await session.position('z');
      const scanned = await scanForPeak(
        (position, part) => read(position, part * searchPercent, 'Scanning for the focus'),
        {
          from: Math.max(min, centre - range / 2),
          to: Math.min(max, centre + range / 2),
          steps,
          min,
          max,
        },
      );
      if (scanned.best.signal < signalThreshold) {
        throw noSignal(
          'focus',
          `reads ${rounded(scanned.best.signal)} at most between z ${readings[0]?.position} and ${readings.at(-1)?.position}, and a focus gives ${signalThreshold} or more: use a larger range or more steps.`,
          rounded(scanned.best.signal),
          signalThreshold,
        );
      }
      const peak = await closeInOnPeak(
        (position, part) => read(position, part * searchPercent, 'Closing in on the focus'),
        scanned.bracket,
        tolerance,
      );
      const { signal } = await read(peak, 99, 'Going to the focus');
      session.done(`In focus at z ${rounded(peak)} um`);
      return {
        stage: stage.name,
        axis: 'z',
        finalPosition: rounded(await session.position('z')),
        signal: rounded(signal),
        readings,
        elapsedMs: session.elapsedMs(),
      };
    });
  };
}
