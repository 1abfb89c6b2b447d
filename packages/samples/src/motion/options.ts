import { z } from 'zod';
import { wholeNumberVariable } from '../environmentFields.ts';
import type { Clock } from './clock.ts';
import type { StageController, StopMode } from './stageController.ts';

/** How the `motion.*` tasks run. */
export type MotionOptions = {
  /** The stages by name. Default: one simulated stage, `main`. */
  readonly stages?: Readonly<Record<string, StageController>> | undefined;
  /** How a cancel stops an axis. Default: `decelerate`. */
  readonly stopMode?: StopMode | undefined;
  /** A moving axis is asked for its position every so many milliseconds. Default: 50. */
  readonly pollMs?: number | undefined;
  /** Before a measurement an axis has this many milliseconds to come to rest. Default: 50. */
  readonly settleMs?: number | undefined;
  /** Time, for tests; the stages must be on the same. Default: the machine's. */
  readonly clock?: Clock | undefined;
};

// An empty variable is an unset one.
const environment = z.object({
  MOTION_STOP: z
    .enum(['', 'decelerate', 'immediate'])
    .transform(value => (value === '' ? undefined : value))
    .optional(),
  MOTION_POLL_MS: wholeNumberVariable(1),
  MOTION_SETTLE_MS: wholeNumberVariable(0),
});

/**
 * Reads the options from `MOTION_STOP`, `MOTION_POLL_MS` and `MOTION_SETTLE_MS`.
 *
 * @throws z.ZodError that names the variable with a bad value
 */
export function motionOptionsFromEnv(env: NodeJS.ProcessEnv = process.env): MotionOptions {
  const parsed = environment.parse(env);
  return {
    stopMode: parsed.MOTION_STOP,
    pollMs: parsed.MOTION_POLL_MS,
    settleMs: parsed.MOTION_SETTLE_MS,
  };
}
