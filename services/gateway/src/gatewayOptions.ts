import type { JsonBreadthLimits, NatsOptions } from '@longhaul/broker';
import type { Contract } from '@longhaul/proto';
import type { ExposeStack, GatewayRouter, OptionNames, Replicas } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import type { AuthOptions } from './auth/authenticate.ts';
import type { ConsoleOptions } from './http/console.ts';
import type { MetricsAccess } from './http/metricsRoute.ts';
import type { RequestLog } from './http/observeRequests.ts';
import type { ProtectionOptions } from './protection/protectionOptions.ts';
import type { Retention } from './records/retention.ts';

/** What `createGateway` knows. Names alone: each part checks its own values. */
export const gatewayOptionNames: OptionNames<GatewayOptions<Contract>> = {
  authenticate: 'optional',
  apiKeysFile: 'optional',
  jwt: 'optional',
  contract: 'required',
  nats: 'required',
  namespace: 'optional',
  host: 'optional',
  port: 'optional',
  retention: 'optional',
  payloadLimitBytes: 'optional',
  logLinesKept: 'optional',
  replicas: 'optional',
  maxClockOffsetMs: 'optional',
  placementTags: 'optional',
  exposeStack: 'optional',
  jsonBreadth: 'optional',
  metrics: 'optional',
  requestLog: 'optional',
  protection: 'optional',
  drainMs: 'optional',
  console: 'optional',
  logger: 'optional',
};

/** Options of `createGateway`. */
export type GatewayOptions<C extends Contract> = AuthOptions & {
  /** The tasks that this gateway serves: the same contract that executors and clients use. */
  readonly contract: C;
  /** Where NATS is, and the credentials for it. */
  readonly nats: NatsOptions;
  /** The first token of every subject. Default: `tasks`. */
  readonly namespace?: string;
  /** The address to listen on. Any address but a loopback one needs authentication. Default: `127.0.0.1`. */
  readonly host?: string;
  /** The TCP port to listen on; `0` selects a free one. Default: 8080. */
  readonly port?: number;
  /**
   * How long records of ended tasks are kept; must be the same on every gateway. Default: completed a day, failed and
   * canceled a week.
   */
  readonly retention?: Retention;
  /**
   * The largest input or output of a task, in bytes; the same on every gateway and executor. From 256 KiB to 128 MiB.
   * Default: 64 MiB.
   */
  readonly payloadLimitBytes?: number;
  /**
   * How many log lines of one task are kept, at least 1,000; must be the same on every gateway. With more, the oldest are
   * dropped and counted. Default: 10,000, or the limit that the event stream has already.
   */
  readonly logLinesKept?: number;
  /**
   * On how many nats-servers of a cluster everything is kept: 1, 3 or 5. A running system is changed, stream by stream.
   * Must be the same on every gateway. Default: 1 for what is created; what exists stays as it is.
   */
  readonly replicas?: Replicas;
  /**
   * How far the clock of this machine may be from the NATS server's for the gateway to start and to be ready, in
   * milliseconds. Tasks go by the server's time. Default: 60,000.
   */
  readonly maxClockOffsetMs?: number;
  /** Tags of the nats-servers that may keep it (`server_tags`). Default: any server. */
  readonly placementTags?: readonly string[];
  /**
   * Who may see the stacks of failures: `owners` (the owner of the task, operators and administrators), `operators`, or
   * `nobody`. A task definition can restrict this further. Default: `operators`; without authentication every caller is
   * an administrator and sees them.
   */
  readonly exposeStack?: ExposeStack;
  /**
   * How many values (members and elements) and how many different member names the JSON of one request, input or output
   * may have; must be the same on every gateway and executor. More would block all calls while it is parsed. Default:
   * 100,000 values and 10,000 names.
   */
  readonly jsonBreadth?: Partial<JsonBreadthLimits>;
  /**
   * Who may read Prometheus metrics at `/metrics`. `loopback`: requests from this machine that came through no proxy, and
   * operators from anywhere. `operator`: operators and administrators only. `off`: nobody. Default: `loopback`.
   */
  readonly metrics?: MetricsAccess;
  /**
   * The level of the log line for every HTTP request. It costs about a tenth of the throughput where the logger writes that
   * level. `off`: no line. Default: `debug`.
   */
  readonly requestLog?: RequestLog;
  /** Limits that protect the gateway from its callers. See `docs/guides/protection.md`. */
  readonly protection?: ProtectionOptions;
  /** Milliseconds for which `stop` waits for calls in flight. Default: 10,000. */
  readonly drainMs?: number;
  /** Serves the built console at `/`. Default: no console. */
  readonly console?: ConsoleOptions;
  /** The logger. Default: one that writes warnings and errors to standard output. */
  readonly logger?: Logger;
};

/** A running gateway. */
export type Gateway<C extends Contract = Contract> = {
  /** The URL that it listens on: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The TCP port that it listens on. */
  readonly port: number;
  /** Its tRPC router, for in-process callers and for types. */
  readonly router: GatewayRouter<C>;
  /** Answers calls in flight, ends streams so that their clients connect to another gateway, and closes. Can be called repeatedly. */
  readonly stop: () => Promise<void>;
  /** The same as `stop`, for `await using`. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};
