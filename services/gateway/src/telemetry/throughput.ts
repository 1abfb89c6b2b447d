import type { Percentiles, TaskSummary, Throughput, ThroughputBucket } from '@longhaul/proto/wire';

/** What of a task a time series is made of. */
export type Timed = Pick<
  TaskSummary,
  'name' | 'status' | 'createdAt' | 'scheduledFor' | 'startedAt' | 'finishedAt'
>;

type Bucket = Omit<ThroughputBucket, 'waiting' | 'running' | 'waitingMs' | 'runningMs'> & {
  /** How many more waited, and ran, at its end than at the end of the one before. */
  moreWaiting: number;
  moreRunning: number;
  readonly waitingMs: number[];
  readonly runningMs: number[];
};

/**
 * A time series that tasks are added to, one after the other.
 *
 * Its points begin at multiples of their length since 1970, so that all gateways draw the same. Memory: two numbers for
 * each task that began or ended in its time, until it is read. Time: a task outside of it costs four comparisons of
 * text, about 0.2 µs; one inside about 2 µs.
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
    const createdIn = this.#placeOf(createdAt);
    const startedIn = this.#placeOf(startedAt);
    const endedIn = this.#placeOf(finishedAt);
    const created = this.#buckets[createdIn];
    if (created) created.created += 1;
    const due = scheduledFor ?? createdAt;
    // What is due later in the point that is not over yet does not wait now.
    if (due <= this.#now) {
      const dueIn = scheduledFor === undefined ? createdIn : this.#placeOf(scheduledFor);
      this.#count('moreWaiting', dueIn, Math.min(startedIn, endedIn));
    }
    this.#count('moreRunning', startedIn, endedIn);
    const started = this.#buckets[startedIn];
    if (started && startedAt !== undefined) {
      started.started += 1;
      started.waitingMs.push(between(due, startedAt));
    }
    const ended = this.#buckets[endedIn];
    if (!ended) return;
    if (task.status === 'COMPLETED') ended.completed += 1;
    else if (task.status === 'FAILED') ended.failed += 1;
    else if (task.status === 'CANCELED') ended.canceled += 1;
    if (startedAt !== undefined) ended.runningMs.push(between(startedAt, finishedAt));
  }

  /** @param partial whether tasks were left out */
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

  /** Counts a task at the end of each point from one up to another; not at all where it was gone by then. */
  #count(what: 'moreWaiting' | 'moreRunning', from: number, to: number): void {
    // So also when the clocks of two machines have it end before it began.
    if (to <= from) return;
    const first = this.#buckets[Math.max(0, from)];
    if (!first) return;
    first[what] += 1;
    const beyond = this.#buckets[to];
    if (beyond) beyond[what] -= 1;
  }

  /**
   * The place of its point; -1 before the series, and beyond its end what has not happened. Instants on the wire are all
   * written alike, so that those before the series are told without being parsed.
   */
  #placeOf(instant: string | undefined): number {
    if (instant === undefined) return Number.POSITIVE_INFINITY;
    if (instant < this.#from) return -1;
    return Math.floor((Date.parse(instant) - this.#fromMs) / this.#bucketMs);
  }
}

/** Clocks of two machines may differ by more than a short task takes. */
function between(from: string, to: string | undefined): number {
  return Math.max(0, Date.parse(to ?? from) - Date.parse(from));
}

/** The nearest rank: of a few values, one of them. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const rank = (percent: number) => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
  return { p50: rank(50), p95: rank(95) };
}
