import {
  type Broker,
  createBroker,
  ensureTopology,
  IdSecret,
  type JsonBreadthLimits,
  type NatsOptions,
  openConnection,
  StorageWatch,
  TopologyGuard,
} from '@longhaul/broker';
import type { Contract } from '@longhaul/proto';
import {
  createTopology,
  type ExposeStack,
  GatewayError,
  type GatewayRouter,
  listTasks,
} from '@longhaul/proto/wire';
import { createLogger, safeSerializers, throttleRepeats } from '@longhaul/runtime';
import type { Logger } from 'pino';
import { type AuthOptions, openAuthentication } from './auth/authenticate.ts';
import { topologyLost } from './errors.ts';
import type { ConsoleOptions } from './http/console.ts';
import type { MetricsAccess } from './http/metricsRoute.ts';
import type { RequestLog } from './http/observeRequests.ts';
import { closeHttpServer, createHttpServer } from './http/server.ts';
import { ChildCancellation } from './maintenance/childCancellation.ts';
import { Expiry } from './maintenance/expiry.ts';
import { LostRequests } from './maintenance/lostRequests.ts';
import { Orphans } from './maintenance/orphans.ts';
import { restartAfterRepair } from './maintenance/restartAfterRepair.ts';
import { Admission } from './protection/admission.ts';
import { Connections } from './protection/connections.ts';
import { NatsLink } from './protection/natsLink.ts';
import { Overload } from './protection/overload.ts';
import { OwnerStreams } from './protection/ownerStreams.ts';
import { type ProtectionOptions, protectionLimits } from './protection/protectionOptions.ts';
import { Projection } from './records/projection.ts';
import { RecordIndex } from './records/recordIndex.ts';
import { RecordStore } from './records/recordStore.ts';
import { defaultRetention, payloadsKeptMs, type Retention } from './records/retention.ts';
import { restOperations } from './rest/restPlugin.ts';
import { createGatewayRouter } from './rpc/router.ts';
import { createSchedules } from './schedules/createSchedules.ts';
import { ScheduleStore } from './schedules/scheduleStore.ts';
import { TaskEnds } from './schedules/taskEnds.ts';
import { exposeStacks } from './tasks/read/exposeStacks.ts';
import { createFindTask, getTask } from './tasks/read/findTask.ts';
import { ChildRecords } from './tasks/start/childRecords.ts';
import { PendingRecords } from './tasks/start/pendingRecords.ts';
import { cancelTask } from './tasks/steer/cancelTask.ts';
import { createTaskService } from './tasks/taskService.ts';
import { LiveFeed } from './tasks/watch/liveFeed.ts';
import { ExecutorDirectory } from './telemetry/executorDirectory.ts';
import { GatewayMetrics, type Gauges } from './telemetry/gatewayMetrics.ts';
import { readProjectionLag, readQueues } from './telemetry/queues.ts';
import { requestScope } from './telemetry/requestScope.ts';
import { createSystemService } from './telemetry/systemService.ts';

/** What {@link createGateway} takes. */
export type GatewayOptions<C extends Contract> = AuthOptions & {
  readonly contract: C;
  readonly nats: NatsOptions;
  /** The first token of every subject. Default: `tasks`. */
  readonly namespace?: string;
  /** The address to listen on. Default: `127.0.0.1`, so that nobody else reaches it. Another one needs authentication. */
  readonly host?: string;
  /** Default: 8080. `0` takes a free one. */
  readonly port?: number;
  /**
   * How long records of ended tasks are kept, the same on every gateway. Default: completed a day, failed and canceled
   * a week.
   */
  readonly retention?: Retention;
  /**
   * The largest input or output of a task, in bytes; the same on every gateway and executor. From 256 KiB to 128 MiB.
   * Default: 64 MiB.
   */
  readonly payloadLimitBytes?: number;
  /**
   * How many log lines one task keeps, 1,000 at least; the same on every gateway. Of a chattier one the oldest are dropped,
   * and counted. Default: 10,000, or what the event stream has been given.
   */
  readonly logLinesKept?: number;
  /**
   * Who may see the stacks of failures: `owners` (the owner of the task, operators and administrators), `operators`, or
   * `nobody`. A task's definition can allow less. Default: `operators`; without authentication everybody is one.
   */
  readonly exposeStack?: ExposeStack;
  /**
   * How much the JSON of one request, input or output may hold, whatever its size: so many values (members and
   * elements), and so many different names of members; the same on every gateway and executor. More would keep
   * everybody's calls waiting while it is parsed. Default: 100,000 values and 10,000 names.
   */
  readonly jsonBreadth?: Partial<JsonBreadthLimits>;
  /**
   * Who may read Prometheus metrics at `/metrics`. Default: `loopback`, whoever asks from this machine, not through a
   * proxy, and operators from anywhere. `operator`: operators and administrators alone. `off`: nobody.
   */
  readonly metrics?: MetricsAccess;
  /**
   * The level of a log line for every HTTP request; it costs about a tenth of the calls that a gateway can serve where
   * the logger writes that level. Default: `debug`. `off`: none.
   */
  readonly requestLog?: RequestLog;
  /** Rates, numbers and times that protect the gateway from its clients. See `docs/guides/protection.md`. */
  readonly protection?: ProtectionOptions;
  /** Milliseconds that calls in flight get when the gateway stops. Default: 10,000. */
  readonly drainMs?: number;
  /** Serves the built console at `/`. Default: none. */
  readonly console?: ConsoleOptions;
  /** Default: warnings and errors to standard output. */
  readonly logger?: Logger;
};

/** A running gateway. */
export type Gateway<C extends Contract = Contract> = {
  /** Where it is reached: `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Its tRPC router, for in-process callers and for types. */
  readonly router: GatewayRouter<C>;
  /** Answers calls in flight, ends streams so that their clients go elsewhere, and closes. May be called again. */
  readonly stop: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

const defaultHost = '127.0.0.1';
const defaultPort = 8080;
const defaultDrainMs = 10_000;

/**
 * Starts a gateway; resolves when it is ready. The parts, in the order in which a task meets them:
 *
 * - `http/`, `rpc/`, `rest/`: the server, and the procedure or operation that is called
 * - `auth/`: who calls, and what the caller may do
 * - `protection/`: whether the call is admitted: rates, sizes, times, and what a slow client may cost
 * - `tasks/start/`: validates the input and publishes the request
 * - `tasks/steer/`: cancels and pauses tasks and task types
 * - `tasks/read/`, `tasks/watch/`: records, results and lists; live streams
 * - `records/`: folds events into records, and indexes records for lists
 * - `schedules/`: recurring schedules, and a task for each firing
 * - `maintenance/`: what gateways do without a call: expired tasks, children of ended tasks, lost records
 * - `telemetry/`: metrics, traces, request ids, and the overview of executors and queues
 *
 * @throws AuthConfigError when others could reach a gateway without authentication, or it cannot be set up;
 *   TopologyError when NATS holds streams that do not fit; RangeError when a limit cannot be had
 */
export async function createGateway<const C extends Contract>(
  options: GatewayOptions<C>,
): Promise<Gateway<C>> {
  const ownLogger = (options.logger ?? createLogger('gateway', 'warn')).child(
    { service: 'gateway' },
    { serializers: safeSerializers },
  );
  const repeats = throttleRepeats(ownLogger);
  const { logger } = repeats;
  const host = options.host ?? defaultHost;
  // Closed in reverse, here where something fails, else by `stop`: what was opened last depends on what was before it.
  await using opening = new AsyncDisposableStack();
  opening.defer(() => repeats.stop());
  const { authenticate, isOpen, stop: stopAuthentication } = await openAuthentication(options, host, logger);
  opening.defer(stopAuthentication);
  const protection = protectionLimits(options.protection ?? {}, isOpen);
  const stopping = new AbortController();
  const { nc, close } = await openConnection(options.nats, 'longhaul gateway');
  opening.defer(close);
  const retention = options.retention ?? defaultRetention;
  const topology = createTopology(options.namespace, { logLinesKept: options.logLinesKept });
  const withoutSecret = await createBroker(nc, topology, {
    payloadLimitBytes: options.payloadLimitBytes,
    jsonBreadth: options.jsonBreadth,
    payloadsKeptMs: payloadsKeptMs(retention),
  });
  await ensureTopology(withoutSecret);
  const secret = await IdSecret.open(withoutSecret);
  const broker: Broker = {
    ...withoutSecret,
    get idSecret() {
      return secret.bytes;
    },
  };

  const definitions = listTasks(options.contract);
  const store = new RecordStore(broker, retention);
  const expiry = new Expiry(broker, logger, definitions);
  opening.defer(() => expiry.stop());
  const taskEnds = new TaskEnds(new ScheduleStore(broker), logger);
  opening.defer(() => taskEnds.stop());
  const index: RecordIndex = new RecordIndex(broker, logger, (record, isOurs) => {
    expiry.update(record);
    childCancellation.update(record, isOurs);
    taskEnds.update(record, isOurs);
  });
  const find = createFindTask(broker, store, index, retention);
  const childCancellation = new ChildCancellation({
    broker,
    logger,
    statusOf: id => index.get(id)?.status,
    cancel: async (caller, id, reason) => cancelTask(broker, await getTask(find, caller, id), reason),
  });
  opening.defer(() => childCancellation.stop());
  const metrics = new GatewayMetrics(definitions.keys());
  const pending = new PendingRecords(store, index, logger);
  const childRecords = new ChildRecords(broker, logger, index, pending);
  opening.defer(() => childRecords.stop());
  const projection = new Projection(
    broker,
    logger,
    store,
    index,
    (before, after) => {
      metrics.folded(before, after);
      childRecords.folded(before, after);
    },
    () => guard.suspect(),
  );
  const feed = new LiveFeed(broker, logger);

  opening.defer(() => index.stop());
  await index.start();
  opening.defer(() => projection.stop());
  await projection.start();
  opening.defer(() => pending.stop());
  const orphans = new Orphans(broker, logger, index, pending);
  orphans.start();
  opening.defer(() => orphans.stop());

  const lostRequests = new LostRequests({ broker, logger, index, store, pending });
  opening.defer(() => lostRequests.stop());
  lostRequests.look();

  const streams = new OwnerStreams(protection.streamsPerOwner);
  const everything = createTaskService({
    broker,
    streams,
    replayEvents: protection.replayEvents,
    find,
    index,
    pending,
    feed,
    definitions,
    requireTopology: () => {
      if (guard.fault !== undefined) throw topologyLost(guard.fault);
      if (storage.queueFault !== undefined) throw new GatewayError('STORAGE_FULL', storage.queueFault);
    },
    onAccepted: record => {
      metrics.accepted(record);
      const { requestId } = requestScope.getStore() ?? {};
      logger.debug({ taskId: record.id, task: record.name, requestId }, 'a task was accepted');
    },
    logger,
  });
  const service = exposeStacks(everything, definitions, options.exposeStack ?? 'operators');
  const { start, cancel } = service;
  const schedules = createSchedules(broker, logger, { find, definitions, start, cancel });
  opening.defer(() => schedules.stop());
  await schedules.start();
  const guard: TopologyGuard = new TopologyGuard({
    broker,
    logger,
    consumers: [projection.consumer, schedules.consumer],
    streams: [secret.stream],
    lastEventSeq: () => projection.foldedUpTo,
    onRepaired: repair =>
      restartAfterRepair(broker, repair, { index, projection, schedules, feed, orphans, lostRequests }),
  });
  opening.defer(() => guard.stop());
  await guard.start();
  const storage = new StorageWatch(broker, logger);
  opening.defer(() => storage.stop());
  storage.start();
  const system = createSystemService({
    broker,
    index,
    directory: new ExecutorDirectory(broker, logger),
    names: [...definitions.keys()],
  });
  const router = createGatewayRouter(options.contract, service, schedules.service, system);

  const link = new NatsLink(nc, () => {
    feed.reconnected();
    index.forgetExpired(retention, Date.now());
  });
  opening.defer(() => link.stop());
  const notReadyReason = () => {
    if (stopping.signal.aborted) return 'The gateway is being stopped.';
    return link.isConnected ? (guard.fault ?? storage.fault) : 'There is no connection to NATS.';
  };
  const connections = new Connections(protection.stalledMs);
  const overload = new Overload(protection.overloadDelayMs);
  opening.defer(() => overload.stop());
  const condition = {
    isOverloaded: () => overload.isOverloaded,
    isCutOff: () => link.isCutOff,
  };
  const gauges: Gauges = {
    counts: () => index.counts.read(),
    indexEntries: () => index.size,
    watchers: () => feed.watchers,
    streams: () => streams.open,
    connections: () => connections.open,
    webSockets: () => server.websocketServer.clients.size,
    isConnected: () => link.isConnected,
    queues: () => readQueues(broker, definitions.keys()),
    projectionLag: () => readProjectionLag(broker),
  };
  const server = await createHttpServer({
    router,
    operations: restOperations({
      contract: options.contract,
      service,
      schedules: schedules.service,
      streams,
      link,
      streamMaxMs: protection.streamMaxMs,
      logger,
      stop: stopping.signal,
    }),
    logger,
    authenticate,
    admission: new Admission(authenticate, condition, protection),
    protection,
    connections,
    isOpen,
    notReadyReason,
    stop: stopping.signal,
    payloadLimitBytes: broker.payloads.limitBytes,
    jsonBreadth: broker.payloads.breadth,
    console: options.console,
    streams,
    link,
    requestLog: options.requestLog ?? 'debug',
    metrics: { access: options.metrics ?? 'loopback', text: () => metrics.text(gauges) },
  });
  opening.defer(() => closeHttpServer(server, options.drainMs ?? defaultDrainMs));
  const url = await server.listen({ host, port: options.port ?? defaultPort });
  logger.info({ url }, 'gateway ready');

  const opened = opening.move();
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopping.abort();
    stopped ??= opened.disposeAsync();
    return stopped;
  };
  return { url, port: Number(new URL(url).port), router, stop, [Symbol.asyncDispose]: stop };
}
