import type { JsonBreadthLimits, NatsOptions } from '@longhaul/broker';
import type { Contract } from '@longhaul/proto';
import type { OptionNames } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import type { OnCutOff } from './attempt/followLink.ts';
import type { HandlersOf } from './handler/handlers.ts';
import type { MetricsOptions } from './telemetry/metricsServer.ts';

/** What `createExecutor` takes. */
export type ExecutorOptions<C extends Contract> = {
  /** The whole contract, or a part of it: `{ audio: contract.audio }`. */
  readonly contract: C;
  /** A handler for each task of that contract, in the same tree. */
  readonly handlers: HandlersOf<NoInfer<C>>;
  /** Where NATS is, and the credentials for it. */
  readonly nats: NatsOptions;
  /** The first token of every subject. Default: `tasks`. */
  readonly namespace?: string;
  /** How many tasks run at once; a task that only waits for its children does not count. Default: 4. */
  readonly concurrency?: number;
  /** Milliseconds that running handlers get when the executor stops, before their tasks are released. Default: 30,000. */
  readonly drainMs?: number;
  /**
   * What happens to running handlers when NATS does not answer for 3 s: another executor may run their tasks from then
   * on, and a canceled task is recorded as canceled. `abort` aborts their signals with the code `CUT_OFF`, and the tasks
   * run again; `continue` lets the handlers run beside those of other executors, and logs that. Default: `abort`.
   */
  readonly onCutOff?: OnCutOff;
  /** Milliseconds for which `started` may be held back, so that a shorter task costs one event less. Default: 10. */
  readonly holdStartedMs?: number;
  /**
   * The largest input or output of a task, in bytes; the same on every gateway and executor. From 256 KiB to 128 MiB.
   * Default: 64 MiB.
   */
  readonly payloadLimitBytes?: number;
  /**
   * How many values (members and elements) and how many different member names a large input or output may have; the
   * same on every gateway and executor. Default: 100,000 values and 10,000 names.
   */
  readonly jsonBreadth?: Partial<JsonBreadthLimits>;
  /** The executor's id in events and logs, unique among executors. Default: host name, process id and a random part. */
  readonly id?: string;
  /** Serves Prometheus metrics on a port of its own. Default: no metrics. */
  readonly metrics?: MetricsOptions;
  /**
   * How far the clock of this machine may be from the NATS server's for the executor to start, in milliseconds. Tasks go
   * by the server's time. Default: 60,000.
   */
  readonly maxClockOffsetMs?: number;
  /** A pino logger. Default: warnings and errors to standard output. */
  readonly logger?: Logger;
};

/** What `createExecutor` knows. Names alone: each part checks its own values. */
export const executorOptionNames: OptionNames<ExecutorOptions<Contract>> = {
  contract: 'required',
  handlers: 'required',
  nats: 'required',
  namespace: 'optional',
  concurrency: 'optional',
  drainMs: 'optional',
  onCutOff: 'optional',
  holdStartedMs: 'optional',
  payloadLimitBytes: 'optional',
  jsonBreadth: 'optional',
  id: 'optional',
  metrics: 'optional',
  maxClockOffsetMs: 'optional',
  logger: 'optional',
};

/** A running executor. `await using` stops it without draining. */
export type Executor = {
  /** Its id in events and logs. */
  readonly id: string;
  /** The address of its metrics, if it serves them: `http://127.0.0.1:9464/metrics`. */
  readonly metricsUrl: string | undefined;
  /** The tasks that it has now: running, paused, or waiting for a permit. */
  readonly running: () => readonly { readonly id: string; readonly name: string; readonly attempt: number }[];
  /**
   * Stops the executor: it pulls nothing more, gives running handlers `drainMs` milliseconds to end (default: the
   * executor's option), releases the tasks that are left, and closes its connection. May be called again with a shorter
   * `drainMs`.
   */
  readonly stop: (options?: { readonly drainMs?: number }) => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};
