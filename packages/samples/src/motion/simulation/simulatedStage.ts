import { type Clock, realClock } from '../clock.ts';
import {
  type AxisInfo,
  type AxisState,
  type SensorName,
  type StageController,
  StageFault,
} from '../stageController.ts';
import { type MotionProfile, planMove, planStop } from './kinematics.ts';
import {
  defaultSample,
  focusReading,
  heightReading,
  type Pose,
  type SampleModel,
  seededNoise,
  tiltReading,
} from './sample.ts';

/** How the stage is simulated. */
export type SimulatedStageOptions = {
  /** Default: the machine's own time. */
  readonly clock?: Clock;
  /** Default: three linear and two rotary axes whose default moves take seconds. */
  readonly axes?: readonly AxisInfo[];
  /** What lies on the stage. Default: a ground metal plate, mounted askew. */
  readonly sample?: SampleModel;
  /** Standard deviation of one reading. Default: 0.05 µm of height, 0.0005 degrees of tilt, 0.0001 of the focus signal. */
  readonly noise?: { readonly height: number; readonly tilt: number; readonly focus: number };
};

/** Every axis brakes from its highest velocity to rest in 100 ms, so that a cancel is obeyed within 200 ms. */
const linear = {
  unit: 'um',
  defaultVelocity: 1_000,
  maxVelocity: 6_000,
  acceleration: 10_000,
  stopDeceleration: 60_000,
} as const;
const rotary = {
  unit: 'deg',
  defaultVelocity: 0.5,
  maxVelocity: 3,
  acceleration: 5,
  stopDeceleration: 30,
} as const;

const defaultAxes: readonly AxisInfo[] = [
  { name: 'x', min: -25_000, max: 25_000, ...linear },
  { name: 'y', min: -25_000, max: 25_000, ...linear },
  { name: 'z', min: -5_000, max: 5_000, ...linear },
  { name: 'tx', min: -5, max: 5, ...rotary },
  { name: 'ty', min: -5, max: 5, ...rotary },
];

const defaultNoise = { height: 0.05, tilt: 0.0005, focus: 0.0001 };

type Motion = { readonly profile: MotionProfile; readonly startedAtMs: number };

/** A stage that exists only as equations: positions follow from the clock, readings from the positions. */
export function simulatedStage(options: SimulatedStageOptions = {}): StageController {
  const clock = options.clock ?? realClock;
  const axes = options.axes ?? defaultAxes;
  const sample = options.sample ?? defaultSample;
  const deviation = options.noise ?? defaultNoise;
  const noise = seededNoise(1);
  const motions = new Map<string, Motion>();

  const infoOf = (name: string): AxisInfo => {
    const info = axes.find(axis => axis.name === name);
    if (info === undefined) throw new StageFault(`The stage has no axis "${name}".`);
    return info;
  };
  const stateOf = (name: string): AxisState => {
    const motion = motions.get(name);
    if (motion === undefined) return { position: 0, velocity: 0, moving: false };
    const elapsedMs = clock.nowMs() - motion.startedAtMs;
    return { ...motion.profile.at(elapsedMs), moving: elapsedMs < motion.profile.durationMs };
  };
  const pose = (): Pose => ({
    x: stateOf('x').position,
    y: stateOf('y').position,
    z: stateOf('z').position,
    tx: stateOf('tx').position,
    ty: stateOf('ty').position,
  });
  const read: { readonly [S in SensorName]: () => number | undefined } = {
    tiltX: () => tiltReading(sample, pose()).tx + noise(deviation.tilt),
    tiltY: () => tiltReading(sample, pose()).ty + noise(deviation.tilt),
    focus: () => focusReading(sample, pose()) + noise(deviation.focus),
    height: () => {
      const height = heightReading(sample, pose());
      return height === undefined ? undefined : height + noise(deviation.height);
    },
  };

  return {
    axes,
    async connect() {},
    async startMove(name, target, velocity) {
      const info = infoOf(name);
      const { position, moving } = stateOf(name);
      if (moving) throw new StageFault(`The axis "${name}" is still moving: stop it or wait.`);
      if (target < info.min || target > info.max) {
        throw new StageFault(
          `The limit switch of "${name}" is at ${target < info.min ? info.min : info.max}, before ${target}.`,
        );
      }
      const speed = Math.min(velocity, info.maxVelocity);
      motions.set(name, {
        profile: planMove(position, target, speed, info.acceleration),
        startedAtMs: clock.nowMs(),
      });
    },
    async state(name) {
      infoOf(name);
      return stateOf(name);
    },
    async stop(name, how) {
      const info = infoOf(name);
      const { position, velocity, moving } = stateOf(name);
      if (!moving) return;
      const start = { position, velocity: how === 'immediate' ? 0 : velocity };
      motions.set(name, { profile: planStop(start, info.stopDeceleration), startedAtMs: clock.nowMs() });
    },
    async readSensor(sensor) {
      return read[sensor]();
    },
  };
}
