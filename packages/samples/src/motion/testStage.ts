import type { ProgressOf } from '@longhaul/proto';
import { expect } from 'vitest';
import type { sampleContract } from '../index.ts';
import type { Clock } from './clock.ts';
import { motionHandlers } from './index.ts';
import { type SimulatedStageOptions, simulatedStage } from './simulation/simulatedStage.ts';
import type { StageController } from './stageController.ts';

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

/**
 * A clock that never waits: when everything sleeps, it jumps to the next sleeper's time. For tests of motions, so that
 * seconds of travel take milliseconds and every poll falls on the same moment in each run.
 */
export function virtualClock(): Clock {
  let nowMs = 0;
  let jumping = false;
  const sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  const jump = () => {
    jumping = false;
    sleepers.sort((a, b) => a.atMs - b.atMs);
    const next = sleepers.shift();
    if (next === undefined) return;
    nowMs = Math.max(nowMs, next.atMs);
    next.wake();
    planJump();
  };
  const planJump = () => {
    if (jumping || sleepers.length === 0) return;
    jumping = true;
    // After all that is runnable now, so that a woken sleeper can sleep again first.
    setImmediate(jump);
  };

  return {
    nowMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          reject(signal?.reason);
        };
        const sleeper = {
          atMs: nowMs + ms,
          wake: () => {
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        sleepers.push(sleeper);
        planJump();
      }),
  };
}
