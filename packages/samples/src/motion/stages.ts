import { type Clock, realClock } from './clock.ts';
import { motionError } from './motionTypes.ts';
import type { MotionOptions } from './options.ts';
import { simulatedStage } from './simulation/simulatedStage.ts';
import type { AxisInfo, StageController, StopMode } from './stageController.ts';
import { createStageLock, type StageLock } from './stageLock.ts';

/** A stage that tasks share, with the lock that gives it to one of them at a time. */
export type Stage = { readonly name: string; readonly controller: StageController; readonly lock: StageLock };

/** The stages of an executor and how they are moved. */
export type Stages = {
  readonly clock: Clock;
  readonly stopMode: StopMode;
  readonly pollMs: number;
  readonly settleMs: number;
  /** @throws TaskError `STAGE_UNKNOWN` */
  readonly get: (name: string) => Stage;
};

/** Gives each stage its lock. */
export function createStages(options: MotionOptions): Stages {
  const clock = options.clock ?? realClock;
  const controllers = options.stages ?? { main: simulatedStage({ clock }) };
  const stages = new Map(
    Object.entries(controllers).map(([name, controller]) => [
      name,
      { name, controller, lock: createStageLock() },
    ]),
  );
  return {
    clock,
    stopMode: options.stopMode ?? 'decelerate',
    pollMs: options.pollMs ?? 50,
    settleMs: options.settleMs ?? 50,
    get(name) {
      const stage = stages.get(name);
      if (stage !== undefined) return stage;
      const known = [...stages.keys()];
      throw motionError('STAGE_UNKNOWN', `There is no stage "${name}" here, but ${known.join(', ')}.`, {
        stage: name,
        known,
      });
    },
  };
}

/** @throws TaskError `AXIS_UNKNOWN` */
export function axisOf(stage: Stage, name: string): AxisInfo {
  const { axes } = stage.controller;
  const info = axes.find(axis => axis.name === name);
  if (info !== undefined) return info;
  const known = axes.map(axis => axis.name);
  throw motionError(
    'AXIS_UNKNOWN',
    `The stage "${stage.name}" has no axis "${name}", but ${known.join(', ')}.`,
    {
      axis: name,
      known,
    },
  );
}

/** @throws TaskError `OUT_OF_RANGE` */
export function requireInRange(info: AxisInfo, quantity: 'position' | 'velocity', requested: number): void {
  const [min, max] = quantity === 'position' ? [info.min, info.max] : [0, info.maxVelocity];
  if (requested >= min && requested <= max) return;
  const unit = quantity === 'position' ? info.unit : `${info.unit}/s`;
  throw motionError(
    'OUT_OF_RANGE',
    `The ${quantity} ${requested} ${unit} is out of the range of axis "${info.name}": it goes from ${min} to ${max}.`,
    { axis: info.name, quantity, requested, min, max, unit: info.unit },
  );
}
