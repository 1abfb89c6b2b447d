/** One axis of a stage, as its maker describes it. */
export type AxisInfo = {
  readonly name: string;
  /** Micrometre or degree; velocities are per second, accelerations per second squared. */
  readonly unit: 'um' | 'deg';
  readonly min: number;
  readonly max: number;
  readonly defaultVelocity: number;
  readonly maxVelocity: number;
  readonly acceleration: number;
  /** How hard it brakes when it is stopped on the way. */
  readonly stopDeceleration: number;
};

export type AxisState = { readonly position: number; readonly velocity: number; readonly moving: boolean };

/** What a stage can measure: tilts in degrees, the height of the surface in micrometres, the focus signal from 0 to 1. */
export type SensorName = 'tiltX' | 'tiltY' | 'height' | 'focus';

/**
 * A positioning stage. The simulated one stands behind it here; a driver of real hardware implements the same.
 *
 * Every method may reject with a {@link StageFault}.
 */
export type StageController = {
  /** Makes the stage ready; called before each motion, so a stage that is ready returns at once. */
  connect(): Promise<void>;
  readonly axes: readonly AxisInfo[];
  /** Starts a move of an axis at rest and returns while it is under way. */
  startMove(axis: string, target: number, velocity: number): Promise<void>;
  state(axis: string): Promise<AxisState>;
  /** Brakes an axis: `decelerate` by its `stopDeceleration`, `immediate` at once. Returns while it is braking. */
  stop(axis: string, how: StopMode): Promise<void>;
  /** One reading, or `undefined` where the sensor sees nothing. */
  readSensor(sensor: SensorName): Promise<number | undefined>;
};

export type StopMode = 'decelerate' | 'immediate';

/** The stage refused a command, or cannot say where it is. */
export class StageFault extends Error {
  override readonly name = 'StageFault';
}
