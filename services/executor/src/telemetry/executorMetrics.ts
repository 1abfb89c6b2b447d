import { processMetrics } from '@longhaul/runtime/processMetrics';
import promClient from 'prom-client';
import { type AttemptMetrics, type AttemptOutcome, attemptOutcomes } from './observeAttempt.ts';

/** What is read when the metrics are scraped. */
export type ExecutorGauges = {
  readonly slots: number;
  readonly running: () => number;
  readonly isConnected: () => boolean;
  readonly clockAheadMs: () => number | undefined;
};

/** Attempts take from milliseconds to days. */
const durationBuckets = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 4 * 3_600, 24 * 3_600];

/**
 * The metrics of one executor, in a registry of its own. They count what this process did; add them up over all
 * executors. The label `name` is the task type.
 */
export class ExecutorMetrics implements AttemptMetrics {
  readonly #registry = new promClient.Registry();
  readonly #begun;
  readonly #tookOver;
  readonly #ended;
  readonly #seconds;
  readonly #gauges;

  constructor(names: Iterable<string>) {
    const registers = [this.#registry];
    const labelNames = ['name'] as const;
    this.#begun = new promClient.Counter({
      name: 'longhaul_executor_attempts_total',
      help: 'Attempts that this executor has begun. Aggregate: sum.',
      labelNames,
      registers,
    });
    this.#tookOver = new promClient.Counter({
      name: 'longhaul_executor_takeovers_total',
      help: 'Tasks taken over from an executor that was lost. Aggregate: sum.',
      labelNames,
      registers,
    });
    this.#ended = new promClient.Counter({
      name: 'longhaul_executor_attempts_ended_total',
      help: `Attempts that have ended, by outcome: ${attemptOutcomes.join(', ')}. Aggregate: sum.`,
      labelNames: ['name', 'outcome'] as const,
      registers,
    });
    this.#seconds = new promClient.Histogram({
      name: 'longhaul_executor_attempt_seconds',
      help: 'How long attempts took. Aggregate: sum.',
      labelNames,
      buckets: durationBuckets,
      registers,
    });
    const gauge = (name: string, help: string) => new promClient.Gauge({ name, help, registers });
    this.#gauges = {
      slots: gauge('longhaul_executor_slots', 'How many attempts may run at once. Aggregate: sum.'),
      running: gauge('longhaul_executor_running', 'How many run. Aggregate: sum.'),
      connected: gauge('longhaul_nats_connected', '1 while this executor reaches NATS. Aggregate: min.'),
      clockAhead: gauge(
        'longhaul_clock_ahead_seconds',
        "How far this machine's clock is ahead of the NATS server's. Aggregate: max of the absolute value.",
      ),
    };
    // Every series starts at 0, so that the first increase is seen.
    for (const name of names) {
      this.#begun.inc({ name }, 0);
      this.#tookOver.inc({ name }, 0);
      for (const outcome of attemptOutcomes) this.#ended.inc({ name, outcome }, 0);
    }
  }

  begun(name: string): void {
    this.#begun.inc({ name });
  }

  tookOver(name: string): void {
    this.#tookOver.inc({ name });
  }

  ended(name: string, outcome: AttemptOutcome, seconds: number): void {
    this.#ended.inc({ name, outcome });
    this.#seconds.observe({ name }, seconds);
  }

  /** All metrics in Prometheus' text format, with those of the process. */
  async text({ slots, running, isConnected, clockAheadMs }: ExecutorGauges): Promise<string> {
    this.#gauges.slots.set(slots);
    this.#gauges.running.set(running());
    this.#gauges.connected.set(isConnected() ? 1 : 0);
    this.#gauges.clockAhead.set((clockAheadMs() ?? 0) / 1_000);
    return `${await this.#registry.metrics()}\n${await processMetrics()}`;
  }
}
