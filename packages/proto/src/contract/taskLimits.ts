import { z } from 'zod';
import { taskTypeSchema } from '../wire/names.ts';
import { longestTimerMs } from './taskPolicy.ts';

/** What a start does while no permit is free: wait for one, or be refused. */
export const busyAnswers = ['queue', 'reject'] as const;
/** What a start does while no permit is free: `queue` waits for one, `reject` is refused with `TASK_BUSY`. */
export type WhenBusy = (typeof busyAnswers)[number];

/** The longest key, in characters: it is part of the name of a record. */
export const concurrencyKeyLimit = 128;
/** The most starts that a rate can allow in its interval: the record keeps the time of each. */
export const rateLimitHighest = 1_000;

const concurrencySchema = z.strictObject({
  limit: z.int().min(1).max(1_000),
  key: z.custom<(input: unknown) => string>(value => typeof value === 'function').optional(),
  whenBusy: z.enum(busyAnswers).default('queue'),
  group: taskTypeSchema.optional(),
});

/** How many of a task's handlers run at once, across all executors, as a definition holds it. */
export type ConcurrencyLimit = Omit<z.output<typeof concurrencySchema>, 'key'> & {
  /** What the limit is counted by: each key of an input has permits of its own. */
  readonly key?: ((input: unknown) => string) | undefined;
};

const rateSchema = z.strictObject({
  limit: z.int().min(1).max(rateLimitHighest),
  intervalMs: z.int().min(1).max(longestTimerMs),
});

/** How often a task's handler begins, across all executors. */
export type RateLimit = z.output<typeof rateSchema>;

export const taskLimitsSchema = z.strictObject({
  concurrency: z.array(concurrencySchema).max(4),
  rate: rateSchema.optional(),
});

/** The limits of a task definition that hold across executors. */
export type TaskLimits = {
  /** Limits of how many run at once; a task needs a permit of each. */
  readonly concurrency: readonly ConcurrencyLimit[];
  /** The limit of how many attempts begin in an interval. */
  readonly rate?: RateLimit | undefined;
};

/** One limit of concurrency as a definition writes it. `P` is the task's input as it is parsed. */
export type ConcurrencyOptions<P> = {
  /** How many run at once. 1 to 1,000. */
  readonly limit: number;
  /**
   * What the limit is counted by: each key has permits of its own. A pure function of the input: gateway and executors
   * must find the same key. At most 128 characters. Default: all tasks of the name (or group) share the permits.
   */
  readonly key?: (input: P) => string;
  /**
   * What becomes of a start while no permit is free. `queue`: it waits, in the order of the starts. `reject`: the start
   * is refused with `TASK_BUSY`, and a permit is taken from the start to the task's end. Default: `queue`.
   */
  readonly whenBusy?: WhenBusy;
  /** Tasks of several names share their permits under this name. Default: the task's own name. */
  readonly group?: string;
};

/** The limits across executors as a definition writes them. */
export type LimitOptions<P> = {
  /** How many run at once, across all executors: one limit, or up to four that all hold. Default: no limit. */
  readonly concurrency?: ConcurrencyOptions<P> | readonly ConcurrencyOptions<P>[];
  /** At most `limit` (1 to 1,000) attempts begin in any `intervalMs` milliseconds, across executors. Default: no limit. */
  readonly rate?: { readonly limit: number; readonly intervalMs: number };
};
