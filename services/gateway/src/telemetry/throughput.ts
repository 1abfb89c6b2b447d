import type { Percentiles, TaskSummary, Throughput, ThroughputBucket } from '@longhaul/proto/wire';

/** The fields of a task that a time series needs. */
export type Timed = Pick<
  TaskSummary,
  'name' | 'status' | 'createdAt' | 'scheduledFor' | 'startedAt' | 'finishedAt'
>;

type Bucket = Omit<ThroughputBucket, 'waiting' | 'running' | 'waitingMs' | 'runningMs'> & {
  /** How the numbers of waiting and running tasks changed since the end of the previous bucket. */
  moreWaiting: number;
  moreRunning: number;
  readonly waitingMs: number[];
  readonly runningMs: number[];
};

/**
 * Builds a time series from tasks.
 *
 * Buckets start at multiples of their length since 1970, so that all gateways compute the same. Memory: two numbers for
 * each task that started or ended within the series. Time: about 2 µs for a task within the series; about 0.2 µs, four
 * comparisons of strings, for one outside.
 */
export class ThroughputSeries {
  readonly #bucketMs: number;
  readonly #fromMs: number;
  readonly #from: string;
  readonly #now: string;
  readonly #buckets: Bucket[];
  readonly #name: string | undefined;

  constructor(
    { lastMs, buckets, name }: { lastMs: number; buckets: number; name?: string | undefined },
    nowMs: number,
  ) {
    this.#bucketMs = Math.ceil(lastMs / buckets / 1_000) * 1_000;
    const endMs = (Math.floor(nowMs / this.#bucketMs) + 1) * this.#bucketMs;
    this.#fromMs = endMs - buckets * this.#bucketMs;
    this.#from = new Date(this.#fromMs).toISOString();
    this.#now = new Date(nowMs).toISOString();
    this.#name = name;
    this.#buckets = Array.from({ length: buckets }, (_, index) => ({
      at: new Date(this.#fromMs + index * this.#bucketMs).toISOString(),
      created: 0,
      started: 0,
      completed: 0,
      failed: 0,
      canceled: 0,
      moreWaiting: 0,
      moreRunning: 0,
      waitingMs: [],
      runningMs: [],
    }));
  }

  add(task: Timed): void {
    if (this.#name !== undefined && this.#name !== task.name) return;
    const { createdAt, scheduledFor, startedAt, finishedAt } = task;
    const createdAtBucket = this.#bucketOf(createdAt);
    const startedAtBucket = this.#bucketOf(startedAt);
    const endedAtBucket = this.#bucketOf(finishedAt);
    const created = this.#buckets[createdAtBucket];
    if (created) created.created += 1;
    const due = scheduledFor ?? createdAt;
    // A task that is due later in the current bucket is not waiting now.
    if (due <= this.#now) {
      const dueAtBucket = scheduledFor === undefined ? createdAtBucket : this.#bucketOf(scheduledFor);
      this.#count('moreWaiting', dueAtBucket, Math.min(startedAtBucket, endedAtBucket));
    }
    this.#count('moreRunning', startedAtBucket, endedAtBucket);
    const started = this.#buckets[startedAtBucket];
    if (started && startedAt !== undefined) {
      started.started += 1;
      started.waitingMs.push(between(due, startedAt));
    }
    const ended = this.#buckets[endedAtBucket];
    if (!ended) return;
    if (task.status === 'COMPLETED') ended.completed += 1;
    else if (task.status === 'FAILED') ended.failed += 1;
    else if (task.status === 'CANCELED') ended.canceled += 1;
    if (startedAt !== undefined) ended.runningMs.push(between(startedAt, finishedAt));
  }

  /** @param partial whether tasks were left out of the series */
  read(partial: boolean): Throughput {
    let waiting = 0;
    let running = 0;
    const buckets = this.#buckets.map(({ moreWaiting, moreRunning, waitingMs, runningMs, ...counts }) => {
      waiting += moreWaiting;
      running += moreRunning;
      return {
        ...counts,
        waiting,
        running,
        ...(waitingMs.length === 0 ? {} : { waitingMs: percentilesOf(waitingMs) }),
        ...(runningMs.length === 0 ? {} : { runningMs: percentilesOf(runningMs) }),
      };
    });
    return { bucketMs: this.#bucketMs, buckets, partial };
  }

  /** Counts a task at the ends of the buckets `from` to `to - 1`. */
  #count(what: 'moreWaiting' | 'moreRunning', from: number, to: number): void {
    // Also if the task ended before it started according to the clocks of two machines.
    if (to <= from) return;
    const first = this.#buckets[Math.max(0, from)];
    if (!first) return;
    first[what] += 1;
    const end = this.#buckets[to];
    if (end) end[what] -= 1;
  }

  /**
   * The index of an instant's bucket; -1 before the series, and infinite for what has not happened. All instants on the wire
   * have one format, so those before the series are recognized without parsing.
   */
  #bucketOf(instant: string | undefined): number {
    if (instant === undefined) return Number.POSITIVE_INFINITY;
    if (instant < this.#from) return -1;
    return Math.floor((Date.parse(instant) - this.#fromMs) / this.#bucketMs);
  }
}

/** Never negative: the clocks of two machines can differ by more than a short task takes. */
function between(from: string, to: string | undefined): number {
  return Math.max(0, Date.parse(to ?? from) - Date.parse(from));
}

/** Percentiles by nearest rank, so that each is one of the values. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const rank = (percent: number) => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
  return { p50: rank(50), p95: rank(95) };
}
