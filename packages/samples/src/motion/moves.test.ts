import { runHandler } from '@longhaul/executor';
import { describe, expect, it } from 'vitest';
import { sampleContract } from '../index.ts';
import { motionHandlers, motionOptionsFromEnv } from './index.ts';
import { simulatedStage } from './simulation/simulatedStage.ts';
import { StageFault } from './stageController.ts';
import { expectBarNeverGoesBack, type Progress, positionsOf, setUp, virtualClock } from './testStage.ts';

const { motion } = sampleContract;

describe('moves', () => {
  it('takes the time that velocity and acceleration allow, and says where it is on the way', async () => {
    const { handlers, progress, run } = setUp();
    const output = await runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 3_000 }, run);
    expect(output).toEqual({
      stage: 'main',
      axis: 'x',
      unit: 'um',
      startPosition: 0,
      finalPosition: 3_000,
      travelled: 3_000,
      // 3,000 um at 1,000 um/s, and 100 ms for speeding up and slowing down; noticed at a poll.
      elapsedMs: 3_100,
    });
    const halfWay = progress.find(({ elapsedMs }) => elapsedMs === 1_550);
    expect(halfWay).toEqual({
      percent: 50,
      description: 'Moving x to 3000 um',
      phase: 'moving',
      axis: 'x',
      unit: 'um',
      currentPosition: 1_500,
      targetPosition: 3_000,
      travelled: 1_500,
      elapsedMs: 1_550,
    });
    expectBarNeverGoesBack(progress);
    expect(progress.at(-1)).toMatchObject({ currentPosition: 3_000, description: 'Moved x to 3000 um' });
  });

  it('continues from where the stage is', async () => {
    const { handlers, run, stage } = setUp();
    await runHandler(motion.moveAbsolute, handlers.moveAbsolute, { axis: 'tx', position: 1.5 }, run);
    const back = await runHandler(
      motion.moveRelative,
      handlers.moveRelative,
      { axis: 'tx', distance: -2 },
      run,
    );
    expect(back).toMatchObject({ unit: 'deg', startPosition: 1.5, finalPosition: -0.5, travelled: 2 });
    expect((await stage.state('tx')).position).toBeCloseTo(-0.5);
    const stay = await runHandler(
      motion.moveRelative,
      handlers.moveRelative,
      { axis: 'tx', distance: 0 },
      run,
    );
    expect(stay).toMatchObject({ finalPosition: -0.5, travelled: 0 });
  });

  it('goes faster when told to', async () => {
    const { handlers, run } = setUp();
    const output = await runHandler(
      motion.moveAbsolute,
      handlers.moveAbsolute,
      { position: 12_000, velocity: 4_000 },
      run,
    );
    // 3 s at full speed and 0.4 s for speeding up and slowing down, noticed at the next poll.
    expect(output.elapsedMs).toBeGreaterThanOrEqual(3_400);
    expect(output.elapsedMs).toBeLessThanOrEqual(3_450);
  });

  it('one stage does one motion at a time, in the order of asking', async () => {
    const { handlers, progress } = setUp();
    const ends: string[] = [];
    const move = async (name: string, axis: string) => {
      const onProgress = (p: Progress) => name === 'second' && progress.push(p);
      await runHandler(motion.moveAbsolute, handlers.moveAbsolute, { axis, position: 1_000 }, { onProgress });
      ends.push(name);
    };
    await Promise.all([move('first', 'x'), move('second', 'y'), move('third', 'z')]);
    expect(ends).toEqual(['first', 'second', 'third']);
    expect(progress[0]).toEqual({
      percent: 0,
      description: 'Waiting for the stage',
      phase: 'waiting',
      elapsedMs: 0,
    });
    // It waited for the whole of the first move before it began.
    expect(progress[1]).toMatchObject({ phase: 'moving', axis: 'y', elapsedMs: 1_150 });
  });

  it('two stages move at once', async () => {
    const clock = virtualClock();
    const stages = { left: simulatedStage({ clock }), right: simulatedStage({ clock }) };
    const handlers = motionHandlers({ clock, stages });
    const outputs = await Promise.all(
      Object.keys(stages).map(stage =>
        runHandler(motion.moveAbsolute, handlers.moveAbsolute, { stage, position: 1_000 }),
      ),
    );
    expect(outputs.map(({ elapsedMs }) => elapsedMs)).toEqual([1_100, 1_100]);
  });
});

describe('errors', () => {
  const failure = (run: Promise<unknown>) =>
    run.then(
      output => {
        throw new Error(`It succeeded: ${JSON.stringify(output)}`);
      },
      (error: unknown) => error,
    );

  it('names the stages and the axes that there are', async () => {
    const { handlers } = setUp();
    expect(
      await failure(runHandler(motion.moveAbsolute, handlers.moveAbsolute, { stage: 'other', position: 1 })),
    ).toMatchObject({ code: 'STAGE_UNKNOWN', data: { stage: 'other', known: ['main'] } });
    expect(
      await failure(runHandler(motion.moveRelative, handlers.moveRelative, { axis: 'w', distance: 1 })),
    ).toMatchObject({ code: 'AXIS_UNKNOWN', data: { axis: 'w', known: ['x', 'y', 'z', 'tx', 'ty'] } });
  });

  it('refuses what is out of range before anything moves', async () => {
    const { handlers, stage, progress, run } = setUp();
    expect(
      await failure(runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 25_001 }, run)),
    ).toMatchObject({
      code: 'OUT_OF_RANGE',
      message: expect.stringContaining('from -25000 to 25000'),
      data: { axis: 'x', quantity: 'position', requested: 25_001, min: -25_000, max: 25_000, unit: 'um' },
    });
    expect(
      await failure(
        runHandler(motion.moveRelative, handlers.moveRelative, { axis: 'ty', distance: -5.1 }, run),
      ),
    ).toMatchObject({ code: 'OUT_OF_RANGE', data: { axis: 'ty', requested: -5.1 } });
    expect(
      await failure(
        runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 1, velocity: 6_001 }, run),
      ),
    ).toMatchObject({ code: 'OUT_OF_RANGE', data: { quantity: 'velocity', max: 6_000 } });
    expect(
      await failure(runHandler(motion.measureProfile, handlers.measureProfile, { from: 0, to: 30_000 }, run)),
    ).toMatchObject({ code: 'OUT_OF_RANGE' });
    expect(progress).toEqual([]);
    expect(await positionsOf(stage)).toEqual({ x: 0, y: 0, z: 0, tx: 0, ty: 0 });
  });

  it('stops the stage and says so when the controller reports a fault on the way', async () => {
    let polls = 0;
    const { handlers, stage } = setUp({
      change: simulated => ({
        async state(axis) {
          polls += 1;
          if (polls === 10) throw new StageFault('The encoder gave no answer.');
          return simulated.state(axis);
        },
      }),
    });
    expect(
      await failure(runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 5_000 })),
    ).toMatchObject({
      code: 'STAGE_FAULT',
      message: expect.stringContaining('The encoder gave no answer.'),
      data: { stage: 'main', axis: 'x' },
    });
    const { position, moving } = await stage.state('x');
    expect(moving).toBe(false);
    expect(position).toBeGreaterThan(0);
    expect(position).toBeLessThan(1_000);
  });

  it('notices an axis that is stuck, and one that rests before its target', async () => {
    const stuck = setUp({
      change: () => ({ state: async () => ({ position: 0, velocity: 0, moving: true }) }),
    });
    expect(
      await failure(runHandler(motion.moveAbsolute, stuck.handlers.moveAbsolute, { position: 1_000 })),
    ).toMatchObject({ code: 'STAGE_FAULT', message: expect.stringContaining('far longer') });
    const short = setUp({
      change: simulated => ({
        startMove: (axis, target, velocity) => simulated.startMove(axis, target - 10, velocity),
      }),
    });
    expect(
      await failure(runHandler(motion.moveAbsolute, short.handlers.moveAbsolute, { position: 1_000 })),
    ).toMatchObject({ code: 'STAGE_FAULT', data: { position: 990 } });
  });

  it('lets the next task in after a fault', async () => {
    let connected = false;
    const { handlers } = setUp({
      change: () => ({
        async connect() {
          if (connected) return;
          connected = true;
          throw new StageFault('There is no power.');
        },
      }),
    });
    const first = runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 100 });
    const second = runHandler(motion.moveAbsolute, handlers.moveAbsolute, { position: 200 });
    expect(await failure(first)).toMatchObject({ code: 'STAGE_FAULT', data: { axis: null } });
    expect(await second).toMatchObject({ finalPosition: 200 });
  });
});

describe('the options', () => {
  it('come from the environment', () => {
    expect(
      motionOptionsFromEnv({ MOTION_STOP: 'immediate', MOTION_POLL_MS: '20', MOTION_SETTLE_MS: '' }),
    ).toEqual({
      stopMode: 'immediate',
      pollMs: 20,
      settleMs: undefined,
    });
    expect(motionOptionsFromEnv({})).toEqual({ stopMode: undefined, pollMs: undefined, settleMs: undefined });
    expect(() => motionOptionsFromEnv({ MOTION_STOP: 'slowly' })).toThrow('MOTION_STOP');
    expect(() => motionOptionsFromEnv({ MOTION_POLL_MS: '0' })).toThrow('MOTION_POLL_MS');
  });
});
