import type { OpenOptions, SystemKind } from '../systems/system.ts';

/** How much is measured. */
export type Sizes = {
  /** How often each measurement is made of each system, in turns. */
  readonly rounds: number;
  /** Calls before anything is counted, so that engines have compiled what they will. */
  readonly warmUp: number;
  readonly starts: number;
  readonly endToEnd: number;
  readonly oneAtATime: number;
  readonly atInFlight: number;
  readonly steadySeconds: number;
  readonly progressEventsPerTask: number;
  readonly memoryTasks: number;
};

/** A figure of one round. */
export type Figure = {
  readonly name: string;
  readonly unit: '/s' | 'µs' | 'ms' | 's' | 'MB';
  readonly value: number;
};

/** Opens a fresh system, measures, closes it; one round of one system. */
export type Measurement = {
  readonly name: string;
  /** How often it is made where that is not `Sizes.rounds`: it takes long, or varies little. */
  readonly rounds?: number;
  readonly measure: (kind: SystemKind, sizes: Sizes, options: OpenOptions) => Promise<readonly Figure[]>;
};

/** Calls in flight of every measurement at load, and what one worker runs at once. */
export const inFlight = 64;
export const concurrency = 64;

/** The input of the no-op: 200 bytes. */
export const noopInput = { payload: 'x'.repeat(200) };
