import { type RunHandlerOptions, runHandler } from '@longhaul/executor';
import type { ProgressOf } from '@longhaul/proto';
import { describe, expect, it } from 'vitest';
import { sampleContract } from '../index.ts';
import { motionHandlers } from './index.ts';
import type { MotionOptions } from './options.ts';
import { simulatedStage } from './simulation/simulatedStage.ts';
import { StageFault } from './stageController.ts';

// In real time: that a cancel is obeyed within 200 ms is the promise.

const { motion } = sampleContract;
type Progress = ProgressOf<typeof motion.moveAbsolute>;

/** Cancels when a progress fits, and says how the task ended and how long that took. */
async function cancelWhen(
  fits: (progress: Progress) => boolean,
  start: (run: RunHandlerOptions<typeof motion.moveAbsolute>) => Promise<unknown>,
) {
  const abort = new AbortController();
  const reason = new Error('canceled');
  const progress: Progress[] = [];
  let abortedAt = 0;
  let atAbort: Progress | undefined;
  const error = await start({
    signal: abort.signal,
    onProgress(latest) {
      progress.push(latest);
      if (abort.signal.aborted || !fits(latest)) return;
      atAbort = latest;
      abortedAt = performance.now();
      abort.abort(reason);
    },
  }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, reason, tookMs: performance.now() - abortedAt, progress, atAbort, last: progress.at(-1) };
}

const setUp = (options: MotionOptions = {}) => {
  const stage = simulatedStage();
  return { stage, handlers: motionHandlers({ stages: { main: stage }, ...options }) };
};

describe('a cancel on the way', () => {
  it('brakes, says where the stage came to rest, and then ends the task', async () => {
    const { stage, handlers } = setUp();
    const end = await cancelWhen(
      ({ travelled = 0 }) => travelled > 200,
      run => runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 10_000 }, run),
    );
    expect(end.error).toBe(end.reason);
    expect(end.tookMs).toBeLessThan(200);
    const { position, moving } = await stage.state('x');
    expect(moving).toBe(false);
    expect(position).toBeGreaterThan(200);
    expect(position).toBeLessThan(1_000);
    expect(end.last).toMatchObject({
      phase: 'stopped',
      stopped: true,
      axis: 'x',
      targetPosition: 10_000,
      currentPosition: Math.round(position * 1e6) / 1e6,
      travelled: Math.round(position * 1e6) / 1e6,
      percent: end.atAbort?.percent,
    });
    expect(end.last?.description).toMatch(/^Stopped x at \d+(\.\d+)? um$/);
    expect(end.progress.some(({ phase }) => phase === 'stopping')).toBe(true);
  });

  it('brakes within 200 ms from the highest velocity of every axis', async () => {
    for (const { name, max, maxVelocity } of simulatedStage().axes) {
      const { handlers } = setUp();
      const topSpeed = (() => {
        let before = { at: 0, position: 0 };
        return ({ currentPosition = 0, elapsedMs }: Progress) => {
          const velocity = (1_000 * (currentPosition - before.position)) / Math.max(1, elapsedMs - before.at);
          before = { at: elapsedMs, position: currentPosition };
          return velocity > 0.85 * maxVelocity;
        };
      })();
      const end = await cancelWhen(topSpeed, run =>
        runHandler(
          motion.moveAbsolute,
          handlers.moveAbsolute,
          { axis: name, position: max, velocity: maxVelocity },
          run,
        ),
      );
      expect(end.error).toBe(end.reason);
      expect(end.tookMs).toBeLessThan(200);
      expect(end.last).toMatchObject({ stopped: true, axis: name });
    }
  });

  it('stops at once when configured so', async () => {
    const { handlers } = setUp({ stopMode: 'immediate' });
    const end = await cancelWhen(
      ({ travelled = 0 }) => travelled > 200,
      run =>
        runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 20_000, velocity: 6_000 }, run),
    );
    expect(end.error).toBe(end.reason);
    expect(end.progress.filter(({ phase }) => phase === 'stopping')).toEqual([]);
  });

  it.each([
    ['alignFlat', (p: Progress) => p.phase === 'moving'],
    ['alignFocus', (p: Progress) => p.phase === 'measuring'],
    ['adjustAngle', (p: Progress) => p.phase === 'adjusting'],
    ['measureProfile', (p: Progress) => p.phase === 'moving'],
  ] as const)('ends %s within 200 ms, at rest', async (name, fits) => {
    const { stage, handlers } = setUp();
    const start = {
      alignFlat: (run: object) => runHandler(motion.alignFlat, handlers.alignFlat, {}, run),
      alignFocus: (run: object) => runHandler(motion.alignFocus, handlers.alignFocus, {}, run),
      adjustAngle: (run: object) => runHandler(motion.adjustAngle, handlers.adjustAngle, {}, run),
      measureProfile: (run: object) => runHandler(motion.measureProfile, handlers.measureProfile, {}, run),
    }[name];
    const end = await cancelWhen(fits, start);
    expect(end.error).toBe(end.reason);
    expect(end.tookMs).toBeLessThan(200);
    expect(end.last).toMatchObject({ phase: 'stopped', stopped: true });
    for (const axis of stage.axes) expect((await stage.state(axis.name)).moving).toBe(false);
  });

  it('says that the stage has a fault when it does not stop', async () => {
    const stage = {
      ...simulatedStage(),
      stop: () => Promise.reject(new StageFault('The brake does not answer.')),
    };
    const { handlers } = setUp({ stages: { main: stage } });
    const end = await cancelWhen(
      ({ travelled = 0 }) => travelled > 100,
      run => runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 1_000 }, run),
    );
    expect(end.error).toMatchObject({
      code: 'STAGE_FAULT',
      message: expect.stringContaining('The brake does not answer.'),
    });
  });
});

describe('a cancel while waiting for the stage', () => {
  it('ends the waiting task at once and leaves the moving one alone', async () => {
    const { handlers } = setUp();
    let waiting: ReturnType<typeof cancelWhen> | undefined;
    const moving = await runHandler(
      motion.moveAbsolute,
      handlers.moveAbsolute,
      { position: 300 },
      {
        onProgress() {
          waiting ??= cancelWhen(
            ({ phase }) => phase === 'waiting',
            run => runHandler(motion.moveAbsolute, handlers.moveAbsolute, { axis: 'y', position: 300 }, run),
          );
        },
      },
    );
    expect(moving.finalPosition).toBe(300);
    const end = await waiting;
    expect(end?.error).toBe(end?.reason);
    expect(end?.tookMs).toBeLessThan(200);
    expect(end?.progress.map(({ phase }) => phase)).toEqual(['waiting']);
    // The stage is free for the next one.
    const next = await runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 310 });
    expect(next.finalPosition).toBe(310);
  });
});
