import { endToEnd } from './endToEnd.ts';
import { latency } from './latency.ts';
import type { Measurement, Sizes } from './measurement.ts';
import { memory } from './memory.ts';
import { progress } from './progress.ts';
import { recovery } from './recovery.ts';
import { starts } from './starts.ts';

/** Everything that is measured, in the order of the report. */
export const measurements: readonly Measurement[] = [starts, endToEnd, latency, progress, recovery, memory];

/** What the README's figures are made with: about ten minutes. */
export const fullSizes: Sizes = {
  rounds: 3,
  warmUp: 4_000,
  starts: 20_000,
  endToEnd: 20_000,
  oneAtATime: 2_000,
  atInFlight: 20_000,
  steadySeconds: 5,
  progressEventsPerTask: 500,
  memoryTasks: 100_000,
};

/** To see that everything works, and in which order of magnitude: about two minutes, mostly BullMQ's recovery. */
export const quickSizes: Sizes = {
  rounds: 1,
  warmUp: 500,
  starts: 2_000,
  endToEnd: 2_000,
  oneAtATime: 200,
  atInFlight: 2_000,
  steadySeconds: 1,
  progressEventsPerTask: 50,
  memoryTasks: 5_000,
};
