/** Where the stage has brought the sample that lies on it. */
export type Pose = {
  /** In micrometres. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** In degrees. */
  readonly tx: number;
  readonly ty: number;
};

/** The simulated sample on the stage, and how it is mounted. */
export type SampleModel = {
  /** How far the sample is from level when tx and ty are 0, in degrees. */
  readonly mountTilt: { readonly tx: number; readonly ty: number };
  /** What the inclinometers read of one degree: they are never quite right, so a tilt takes several corrections. */
  readonly tiltScale: number;
  /** The z at which the middle of the sample is in focus, in micrometres. */
  readonly focusZ: number;
  /** Half the width of the focus peak, in micrometres: the signal has fallen to 1/e there. */
  readonly focusWidth: number;
  /** The texture of its surface at a place, in micrometres. */
  readonly texture: (x: number, y: number) => number;
};

/** A ground metal plate: two waves of machining and a step of 3 µm. */
export const defaultSample: SampleModel = {
  mountTilt: { tx: 0.31, ty: -0.22 },
  tiltScale: 0.97,
  focusZ: 417,
  focusWidth: 150,
  texture: (x, y) => 0.8 * Math.sin(x / 37) + 0.3 * Math.sin(x / 11 + y / 23) + (x > 180 ? 3 : 0),
};

const heightSensorRange = 500;
const focusBackground = 0.02;

/** The tilt of the sample, in degrees. */
function tiltOf(sample: SampleModel, pose: Pose): { readonly tx: number; readonly ty: number } {
  return { tx: sample.mountTilt.tx + pose.tx, ty: sample.mountTilt.ty + pose.ty };
}

/**
 * The height of the surface below the sensor against the middle of the sample, in micrometres: `tx` lifts the side of
 * positive y, `ty` lowers the side of positive x.
 */
export function heightOf(sample: SampleModel, pose: Pose): number {
  const tilt = tiltOf(sample, pose);
  return (
    pose.y * Math.tan(radians(tilt.tx)) - pose.x * Math.tan(radians(tilt.ty)) + sample.texture(pose.x, pose.y)
  );
}

/** What the inclinometers read, in degrees. */
export function tiltReading(sample: SampleModel, pose: Pose): { readonly tx: number; readonly ty: number } {
  const { tx, ty } = tiltOf(sample, pose);
  return { tx: tx * sample.tiltScale, ty: ty * sample.tiltScale };
}

/** The reading of the height sensor, or `undefined` outside its range. */
export function heightReading(sample: SampleModel, pose: Pose): number | undefined {
  const height = heightOf(sample, pose);
  return Math.abs(height) <= heightSensorRange ? height : undefined;
}

/** The focus signal, a bell over z: 1 where the surface is in focus, the background far from it. */
export function focusReading(sample: SampleModel, pose: Pose): number {
  const away = (pose.z - sample.focusZ + heightOf(sample, pose)) / sample.focusWidth;
  return focusBackground + (1 - focusBackground) * Math.exp(-away * away);
}

const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** Noise of about this standard deviation, the same in every run with the same seed. */
export function seededNoise(seed: number): (deviation: number) => number {
  let state = seed >>> 0;
  // mulberry32: small, and even enough for noise.
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  // Twelve even ones have a variance of 1 (Irwin–Hall).
  return deviation => deviation * (Array.from({ length: 12 }, uniform).reduce((sum, u) => sum + u, 0) - 6);
}
