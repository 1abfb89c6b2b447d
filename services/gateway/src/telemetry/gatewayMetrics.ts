import { activeStatuses, isTerminal, priorities, type TaskRecord } from '@longhaul/proto/wire';
import { processMetrics } from '@longhaul/runtime/processMetrics';
import promClient from 'prom-client';
import type { ProjectionLag, QueueState } from './queues.ts';
import { changeOf } from './recordChange.ts';
import type { TaskCount } from './taskCounts.ts';

/** What is looked at when somebody asks for the metrics. */
export type Gauges = {
  readonly counts: () => readonly TaskCount[];
  readonly indexEntries: () => number;
  readonly watchers: () => number;
  readonly streams: () => number;
  readonly webSockets: () => number;
  readonly connections: () => number;
  readonly isConnected: () => boolean;
  /** What only the server knows. Not asked while there is no connection. */
  readonly queues: () => Promise<readonly QueueState[]>;
  readonly projectionLag: () => Promise<ProjectionLag>;
};

/** Tasks take from milliseconds to days. */
const durationBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 4 * 3_600, 24 * 3_600];
/** What the server does not answer in this time is left out of the metrics. */
const answerTimeoutMs = 2_000;
/** A name that the contract does not have (any more) must not become a label of its own: anybody could make many. */
const unknownName = '(unknown)';

/**
 * The metrics of one gateway, in a registry of its own.
 *
 * Counters are counted by one gateway for each fact, so that `sum()` over all gateways is right: a created task by the
 * gateway that accepted it; everything that comes of events by the gateway whose put of the fold was accepted. A fold
 * of events that are folded already changes nothing and is not put, so neither a restart nor a change of the projecting
 * gateway counts anything twice; an acknowledgement of a put that is lost is counted by nobody.
 */
export class GatewayMetrics {
  readonly #registry = new promClient.Registry();
  readonly #labelOf: (name: string) => string;
  readonly #names: readonly string[];
  readonly #counters;
  readonly #seconds;
  readonly #gauges;

  /** @param names every task name of the contract */
  constructor(names: Iterable<string>) {
    this.#names = [...names];
    const known = new Set(this.#names);
    this.#labelOf = name => (known.has(name) ? name : unknownName);
    const registers = [this.#registry];
    const counter = (name: string, help: string) => {
      const made = new promClient.Counter({ name, help, labelNames: ['name'] as const, registers });
      // From nought, so that the first increase is one.
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
      depth: gauge('longhaul_queue_depth', 'Requests that no executor has been given yet. Aggregate: max.', [
        'name',
        'priority',
      ]),
      delivered: gauge(
        'longhaul_queue_delivered',
        'Requests that an executor has, or that wait to be tried again. Aggregate: max.',
        ['name', 'priority'],
      ),
      paused: gauge('longhaul_queue_paused', '1 while the name is paused. Aggregate: max.', ['name']),
      lagEvents: gauge('longhaul_projection_lag_events', 'Events not in their records yet. Aggregate: max.'),
      lagSeconds: gauge('longhaul_projection_lag_seconds', 'Age of the oldest of them. Aggregate: max.'),
      index: gauge('longhaul_index_entries', "Records in this gateway's index. Aggregate: max."),
      watchers: gauge('longhaul_watchers', 'Live feeds that calls of this gateway follow. Aggregate: sum.'),
      streams: gauge('longhaul_streams', 'Open streams of events of this gateway. Aggregate: sum.'),
      webSockets: gauge('longhaul_websockets', 'Open WebSockets of this gateway. Aggregate: sum.'),
      connections: gauge('longhaul_connections', 'Open connections of this gateway. Aggregate: sum.'),
      connected: gauge('longhaul_nats_connected', '1 while this gateway reaches NATS. Aggregate: min.'),
    };
  }

  /** This gateway has accepted a task. */
  accepted({ name }: TaskRecord): void {
    this.#counters.created.inc({ name: this.#labelOf(name) });
  }

  /** This gateway's put of a fold was accepted. */
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

  /** All of it in Prometheus' text format, with the process's own. Always within about two seconds. */
  async text(look: Gauges): Promise<string> {
    this.#lookAtOwn(look);
    await this.#lookAtServer(look);
    return `${await this.#registry.metrics()}\n${await processMetrics()}`;
  }

  #lookAtOwn(look: Gauges): void {
    const { tasks, index, watchers, streams, webSockets, connections, connected } = this.#gauges;
    tasks.reset();
    for (const name of this.#names) for (const status of activeStatuses) tasks.set({ name, status }, 0);
    for (const { name, status, count } of look.counts())
      if (!isTerminal(status)) tasks.inc({ name: this.#labelOf(name), status }, count);
    index.set(look.indexEntries());
    watchers.set(look.watchers());
    streams.set(look.streams());
    webSockets.set(look.webSockets());
    connections.set(look.connections());
    connected.set(look.isConnected() ? 1 : 0);
  }

  /** What cannot be had is left out: an old number would look like a quiet system. */
  async #lookAtServer(look: Gauges): Promise<void> {
    const { depth, delivered, paused, lagEvents, lagSeconds } = this.#gauges;
    const [queues, lag] = look.isConnected()
      ? await Promise.all([inTime(look.queues()), inTime(look.projectionLag())])
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

async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
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
