import type { TRPCQueryProcedure, TRPCSubscriptionProcedure } from '@trpc/server';
import { z } from 'zod';
import { strictOptions } from '../contract/strictOptions.ts';
import { type Priority, taskTypeSchema } from '../wire/names.ts';
import type { Call, EventStream } from './taskViews.ts';

/** The longest time that a throughput covers: a week. */
const longestLookMs = 7 * 24 * 60 * 60 * 1_000;
/** The most points of one time series. */
const bucketLimit = 240;

/** Which time series. */
export const throughputRequestSchema = strictOptions({
  /** How much time it covers, in milliseconds, from a minute to a week. Default: an hour. */
  lastMs: z
    .int()
    .min(60_000)
    .max(longestLookMs)
    .default(60 * 60_000),
  /** How many points. Default: 60. */
  buckets: z.int().min(1).max(bucketLimit).default(60),
  /** One task name alone. Default: all. */
  name: taskTypeSchema.optional(),
});
/** What `system.throughput` takes. */
export type ThroughputRequest = z.input<typeof throughputRequestSchema>;

/** How often a live overview is sent, and with which time series. */
export const systemWatchRequestSchema = strictOptions({
  /** Milliseconds between two snapshots, from one second to a minute. Default: 2,000. */
  intervalMs: z.int().min(1_000).max(60_000).default(2_000),
  /** Which time series it brings. Default: the last hour in 60 points. */
  throughput: throughputRequestSchema.prefault({}),
  /** Sent by clients that open the stream again. An overview starts again. */
  lastEventId: z.string().max(64).optional(),
});
/** What `system.watch` takes. */
export type SystemWatchRequest = z.input<typeof systemWatchRequestSchema>;

/** One executor, as it answered last. */
export type ExecutorInfo = {
  /** The executor's id, as its events have it. */
  id: string;
  /** The name of its machine. */
  host?: string;
  /** The version of its software. */
  version?: string;
  /** When it started. */
  startedAt: string;
  /** How far its machine's clock is ahead of the NATS server's, in milliseconds; negative: behind. */
  clockAheadMs?: number;
  /** When it answered last. */
  lastSeenAt: string;
  /** Whether it answered just now. One that does not is shown for a minute longer. */
  responding: boolean;
  /** How many attempts it runs at once. */
  slots: number;
  /** The task names that it serves. */
  tasks: string[];
  /** How many attempts it works on. */
  runningCount: number;
  /** Those of them that the caller may see. */
  running: { id: string; name: string; attempt: number }[];
};

/** The queue of one task name. An operator sees everybody's tasks, a user the own ones. */
export type QueueInfo = {
  /** The task type. */
  name: string;
  /** Whether its tasks wait until it is resumed. */
  paused: boolean;
  /** Tasks that no executor has been given yet. */
  pending: { [P in Priority]: number };
  /** Tasks that wait for their time. */
  scheduled: number;
  /** Tasks whose handlers run. */
  running: number;
  /** Tasks that wait to be tried again. */
  retrying: number;
  /** Tasks whose handlers have been told to end. */
  stopping: number;
  /** Requests that executors have, or that wait to be tried again, as the queue counts them. For operators. */
  delivered?: number;
};

/** The middle, and what 95 of 100 stay below, in milliseconds. */
export type Percentiles = {
  /** The median. */
  p50: number;
  /** What 95 of 100 stay below. */
  p95: number;
};

/** One point of a time series: what happened from `at` on, for `bucketMs`. */
export type ThroughputBucket = {
  /** When it begins. */
  at: string;
  /** Tasks that were accepted. */
  created: number;
  /** Tasks whose first attempt began. */
  started: number;
  /** Tasks that ended `COMPLETED`. */
  completed: number;
  /** Tasks that ended `FAILED`. */
  failed: number;
  /** Tasks that ended `CANCELED`. */
  canceled: number;
  /** Tasks that waited for their first attempt at the end of it; of the last point, now. */
  waiting: number;
  /** Tasks that had begun and not ended at the end of it, also while they are paused or between two attempts. */
  running: number;
  /** How long the tasks that started had waited, where any did. */
  waitingMs?: Percentiles;
  /** How long the tasks that ended had run, where any did. */
  runningMs?: Percentiles;
};

/** A time series, oldest first. The last point is not over yet. */
export type Throughput = {
  /** How much time a point stands for, in milliseconds. */
  bucketMs: number;
  /** The points, oldest first. */
  buckets: ThroughputBucket[];
  /** Whether there were more tasks than are looked at: the oldest are left out. */
  partial: boolean;
};

/** What the stream of the overview sends. */
export type SystemEvent =
  | {
      type: 'snapshot';
      at: string;
      executors: ExecutorInfo[];
      queues: QueueInfo[];
      throughput: Throughput;
      /** How far the clock of the gateway's machine is ahead of the NATS server's, in milliseconds; negative: behind. */
      clockAheadMs?: number;
    }
  /** NATS does not answer at the moment; the stream continues. */
  | { type: 'unavailable'; at: string };

/** The procedures of the overview. */
export type SystemProcedures = {
  /** The executors that answer, or did so within the last minute. */
  executors: TRPCQueryProcedure<Call<void, ExecutorInfo[]>>;
  /** The queue of each task type. */
  queues: TRPCQueryProcedure<Call<void, QueueInfo[]>>;
  /** What happened over time, as a time series. */
  throughput: TRPCQueryProcedure<Call<ThroughputRequest | undefined, Throughput>>;
  /** All of it, again and again, without end. */
  watch: TRPCSubscriptionProcedure<Call<SystemWatchRequest | undefined, EventStream<SystemEvent>>>;
};
