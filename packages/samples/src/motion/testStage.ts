import type { ProgressOf } from '@longhaul/proto';
import { expect } from 'vitest';
import type { sampleContract } from '../index.ts';
import { motionHandlers } from './index.ts';
import { type SimulatedStageOptions, simulatedStage } from './simulation/simulatedStage.ts';
import type { StageController } from './stageController.ts';
import { virtualClock } from './virtualClock.ts';

export type Progress = ProgressOf<typeof sampleContract.motion.moveAbsolute>;

/** Handlers on a simulated stage whose seconds take no time. */
export function setUp(
  options: SimulatedStageOptions & { change?: (stage: StageController) => Partial<StageController> } = {},
) {
  const clock = virtualClock();
  const simulated = simulatedStage({ clock, ...options });
  const stage: StageController = { ...simulated, ...options.change?.(simulated) };
  const progress: Progress[] = [];
  const run = { onProgress: (p: Progress) => progress.push(p) };
  return { clock, stage, progress, run, handlers: motionHandlers({ clock, stages: { main: stage } }) };
}

export const positionsOf = async (stage: StageController) =>
  Object.fromEntries(
    await Promise.all(
      stage.axes.map(async ({ name }) => [name, (await stage.state(name)).position] as const),
    ),
  );

export function expectBarNeverGoesBack(progress: readonly Progress[]) {
  const percents = progress.map(({ percent }) => percent);
  expect(percents).toEqual([...percents].sort((a, b) => a - b));
  expect(progress.at(-1)).toMatchObject({ percent: 100, phase: 'done' });
}
