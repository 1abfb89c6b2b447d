import { activeStatuses, isTerminal, priorities, type TaskRecord } from '@longhaul/proto/wire';
import { processMetrics } from '@longhaul/runtime/processMetrics';
import promClient from 'prom-client';
import type { ProjectionLag, QueueState } from './queues.ts';
import { changeOf } from './recordChange.ts';
import type { TaskCount } from './taskCounts.ts';

/** The values that are read when the metrics are requested. */
export type Gauges = {
  readonly counts: () => readonly TaskCount[];
  readonly indexEntries: () => number;
  readonly watchers: () => number;
  readonly streams: () => number;
  readonly webSockets: () => number;
  readonly connections: () => number;
  readonly isConnected: () => boolean;
  readonly clockAheadMs: () => number | undefined;
  /** Read from the nats-server, and not while it is not connected. */
  readonly queues: () => Promise<readonly QueueState[]>;
  readonly projectionLag: () => Promise<ProjectionLag>;
};

/** Tasks take from milliseconds to days. */
const durationBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 4 * 3_600, 24 * 3_600];
/** Values that the nats-server does not answer in this time are left out of the metrics. */
const answerTimeoutMs = 2_000;
/** The label of task types that the contract does not have: a label for each of them could become many. */
const unknownType = '(unknown)';

/**
 * The metrics of one gateway, in a registry of its own.
 *
 * Exactly one gateway counts each fact, so that `sum()` over all gateways is correct: the gateway that accepted a task
 * counts its creation, and the gateway whose put of a fold was accepted counts everything that follows from events. Events
 * that are folded already change nothing and cause no put, so neither a restart nor a change of the projecting gateway
 * counts anything twice. A put whose acknowledgement is lost is not counted.
 */
export class GatewayMetrics {
  readonly #registry = new promClient.Registry();
  readonly #labelOf: (name: string) => string;
  readonly #names: readonly string[];
  readonly #counters;
  readonly #seconds;
  readonly #gauges;

  /** @param names every task type of the contract */
  constructor(names: Iterable<string>) {
    this.#names = [...names];
    const known = new Set(this.#names);
    this.#labelOf = name => (known.has(name) ? name : unknownType);
    const registers = [this.#registry];
    const counter = (name: string, help: string) => {
      const made = new promClient.Counter({ name, help, labelNames: ['name'] as const, registers });
      // Start at 0, so that the first increase is visible.
      for (const task of this.#names) made.inc({ name: task }, 0);
      return made;
    };
    const seconds = (name: string, help: string) =>
      new promClient.Histogram({
        name,
        help,
        labelNames: ['name'] as const,
        buckets: durationBuckets,
        registers,
      });
    const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
      new promClient.Gauge<L>({ name, help, labelNames: [...labelNames], registers });
    this.#counters = {
      created: counter(
        'longhaul_tasks_created_total',
        'Tasks that this gateway has accepted. Aggregate: sum.',
      ),
      started: counter(
        'longhaul_tasks_started_total',
        'Tasks whose first attempt has begun. Aggregate: sum.',
      ),
      COMPLETED: counter('longhaul_tasks_completed_total', 'Tasks that have completed. Aggregate: sum.'),
      FAILED: counter('longhaul_tasks_failed_total', 'Tasks that have failed for good. Aggregate: sum.'),
      CANCELED: counter('longhaul_tasks_canceled_total', 'Tasks that were canceled. Aggregate: sum.'),
      begun: counter('longhaul_attempts_started_total', 'Attempts that have begun. Aggregate: sum.'),
      failed: counter('longhaul_attempts_failed_total', 'Attempts that have failed. Aggregate: sum.'),
      lost: counter('longhaul_attempts_lost_total', 'Attempts lost with their executor. Aggregate: sum.'),
    };
    this.#seconds = {
      waiting: seconds(
        'longhaul_task_waiting_seconds',
        'From when a task was to start to its first attempt. Aggregate: sum.',
      ),
      running: seconds(
        'longhaul_task_running_seconds',
        'From the first attempt to the end, waits between attempts included. Aggregate: sum.',
      ),
      total: seconds('longhaul_task_total_seconds', 'From acceptance to the end. Aggregate: sum.'),
    };
    this.#gauges = {
      tasks: gauge('longhaul_tasks', 'Tasks that have not ended, by status. Aggregate: max.', [
        'name',
        'status',
      ]),
      depth: gauge(
        'longhaul_queue_depth',
        'Requests that have not been delivered to an executor. Aggregate: max.',
        ['name', 'priority'],
      ),
      delivered: gauge(
        'longhaul_queue_delivered',
        'Requests that an executor has, or that wait to be tried again. Aggregate: max.',
        ['name', 'priority'],
      ),
      paused: gauge('longhaul_queue_paused', '1 while the task type is paused. Aggregate: max.', ['name']),
      lagEvents: gauge(
        'longhaul_projection_lag_events',
        'Events that are not folded into records yet. Aggregate: max.',
      ),
      lagSeconds: gauge('longhaul_projection_lag_seconds', 'Age of the oldest of them. Aggregate: max.'),
      index: gauge('longhaul_index_entries', "Records in this gateway's index. Aggregate: max."),
      watchers: gauge('longhaul_watchers', 'Live feeds that calls of this gateway follow. Aggregate: sum.'),
      streams: gauge('longhaul_streams', 'Open streams of events of this gateway. Aggregate: sum.'),
      webSockets: gauge('longhaul_websockets', 'Open WebSockets of this gateway. Aggregate: sum.'),
      connections: gauge('longhaul_connections', 'Open connections of this gateway. Aggregate: sum.'),
      connected: gauge('longhaul_nats_connected', '1 while this gateway reaches NATS. Aggregate: min.'),
      clockAhead: gauge(
        'longhaul_clock_ahead_seconds',
        "How far this machine's clock is ahead of the NATS server's. Aggregate: max of the absolute value.",
      ),
    };
  }

  /** Counts a task that this gateway has accepted. */
  accepted({ name }: TaskRecord): void {
    this.#counters.created.inc({ name: this.#labelOf(name) });
  }

  /** Counts a change of a record that this gateway has put. */
  folded(before: TaskRecord | undefined, after: TaskRecord): void {
    const label = { name: this.#labelOf(after.name) };
    const { waitedSeconds, begun, failed, lost, end } = changeOf(before, after);
    if (begun > 0) this.#counters.begun.inc(label, begun);
    if (failed > 0) this.#counters.failed.inc(label, failed);
    if (lost > 0) this.#counters.lost.inc(label, lost);
    if (waitedSeconds !== undefined) {
      this.#counters.started.inc(label);
      this.#seconds.waiting.observe(label, waitedSeconds);
    }
    if (!end) return;
    this.#counters[end.status].inc(label);
    this.#seconds.total.observe(label, end.totalSeconds);
    if (end.runSeconds !== undefined) this.#seconds.running.observe(label, end.runSeconds);
  }

  /** All metrics in the text format of Prometheus, with those of the process. Takes about two seconds at most. */
  async text(source: Gauges): Promise<string> {
    this.#readLocal(source);
    await this.#readServer(source);
    return `${await this.#registry.metrics()}\n${await processMetrics()}`;
  }

  #readLocal(source: Gauges): void {
    const { tasks, index, watchers, streams, webSockets, connections, connected, clockAhead } = this.#gauges;
    tasks.reset();
    for (const name of this.#names) for (const status of activeStatuses) tasks.set({ name, status }, 0);
    for (const { name, status, count } of source.counts())
      if (!isTerminal(status)) tasks.inc({ name: this.#labelOf(name), status }, count);
    index.set(source.indexEntries());
    watchers.set(source.watchers());
    streams.set(source.streams());
    webSockets.set(source.webSockets());
    connections.set(source.connections());
    connected.set(source.isConnected() ? 1 : 0);
    clockAhead.set((source.clockAheadMs() ?? 0) / 1_000);
  }

  /** Values that cannot be read are left out: an old value would look like an idle system. */
  async #readServer(source: Gauges): Promise<void> {
    const { depth, delivered, paused, lagEvents, lagSeconds } = this.#gauges;
    const [queues, lag] = source.isConnected()
      ? await Promise.all([withTimeout(source.queues()), withTimeout(source.projectionLag())])
      : [];
    for (const gauge of [depth, delivered, paused]) gauge.reset();
    if (queues) {
      for (const name of this.#names) {
        paused.set({ name }, 0);
        for (const priority of priorities) depth.set({ name, priority }, 0);
      }
    }
    for (const queue of queues ?? []) {
      const { name, priority } = queue;
      depth.set({ name, priority }, queue.pending);
      delivered.set({ name, priority }, queue.delivered);
      if (queue.paused) paused.set({ name }, 1);
    }
    for (const gauge of [lagEvents, lagSeconds]) gauge.remove();
    if (!lag) return;
    lagEvents.set(lag.events);
    lagSeconds.set(lag.seconds);
  }
}

async function withTimeout<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), answerTimeoutMs);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
