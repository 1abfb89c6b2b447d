import {
  type Broker,
  ClockWatch,
  createBroker,
  IdSecret,
  openConnection,
  ReplicationChange,
  StartWait,
  StorageWatch,
  TopologyGuard,
  untilTopology,
} from '@longhaul/broker';
import type { Contract } from '@longhaul/proto';
import { createTopology, GatewayError, listTasks, requireKnownOptions } from '@longhaul/proto/wire';
import { createLogger, Disposables, safeSerializers, throttleRepeats } from '@longhaul/runtime';
import { openAuthentication } from './auth/authenticate.ts';
import { topologyLost } from './errors.ts';
import { type Gateway, type GatewayOptions, gatewayOptionNames } from './gatewayOptions.ts';
import { EarlyServer } from './http/earlyServer.ts';
import { closeHttpServer, createHttpServer } from './http/server.ts';
import { ChildCancellation } from './maintenance/childCancellation.ts';
import { Expiry } from './maintenance/expiry.ts';
import { LostRequests } from './maintenance/lostRequests.ts';
import { Orphans } from './maintenance/orphans.ts';
import { restartAfterRepair } from './maintenance/restartAfterRepair.ts';
import { StuckSchedules } from './maintenance/stuckSchedules.ts';
import { Admission } from './protection/admission.ts';
import { Connections } from './protection/connections.ts';
import { NatsLink } from './protection/natsLink.ts';
import { Overload } from './protection/overload.ts';
import { OwnerStreams } from './protection/ownerStreams.ts';
import { protectionLimits } from './protection/protectionOptions.ts';
import { QuorumWatch } from './protection/quorumWatch.ts';
import { Projection } from './records/projection.ts';
import { RecordIndex } from './records/recordIndex.ts';
import { RecordStore } from './records/recordStore.ts';
import { defaultRetention, payloadsKeptMs } from './records/retention.ts';
import { restOperations } from './rest/restPlugin.ts';
import { createGatewayRouter } from './rpc/router.ts';
import { createSchedules } from './schedules/createSchedules.ts';
import { ScheduleStore } from './schedules/scheduleStore.ts';
import { TaskEnds } from './schedules/taskEnds.ts';
import { exposeStacks } from './tasks/read/exposeStacks.ts';
import { createFindTask, getTask, quickReads } from './tasks/read/findTask.ts';
import { ChildRecords } from './tasks/start/childRecords.ts';
import { PendingRecords } from './tasks/start/pendingRecords.ts';
import { type CancelOptions, cancelTask } from './tasks/steer/cancelTask.ts';
import { LateCancels } from './tasks/steer/lateCancels.ts';
import { createTaskService } from './tasks/taskService.ts';
import { LiveFeed } from './tasks/watch/liveFeed.ts';
import { ExecutorDirectory } from './telemetry/executorDirectory.ts';
import { GatewayMetrics, type Gauges } from './telemetry/gatewayMetrics.ts';
import { readProjectionLag, readQueues } from './telemetry/queues.ts';
import { requestScope } from './telemetry/requestScope.ts';
import { createSystemService } from './telemetry/systemService.ts';

const defaultHost = '127.0.0.1';
const defaultPort = 8080;
const defaultDrainMs = 10_000;
/** A connection that carries nothing is noticed within three pings, and a second later its watchers are told. */
const natsPingMs = 1_200;

/**
 * Starts a gateway and resolves when it is ready. Until then it listens and tells callers to come back, with what it waits for
 * at `/readyz`: a part of NATS that is away does not end the start. Its parts, in the order in which a task passes them:
 *
 * - `http/`, `rpc/`, `rest/`: the server, and the procedures and operations that clients call
 * - `auth/`: authentication of callers, and their permissions
 * - `protection/`: limits against callers: call rates, sizes, timeouts, overload, and slow readers
 * - `tasks/start/`: validates the input and publishes the request
 * - `tasks/steer/`: cancels and pauses tasks and task types
 * - `tasks/read/`, `tasks/watch/`: records, results and lists; live streams
 * - `records/`: folds events into records, and indexes records for lists
 * - `schedules/`: recurring schedules, and a task for each firing
 * - `maintenance/`: work without a call: tasks past their time limit, children of ended tasks, missing records
 * - `telemetry/`: metrics, traces, request ids, and the overview of executors and queues
 *
 * Several gateways can serve one contract with one NATS; each does all of this.
 *
 * @example
 * ```ts
 * import { createGateway } from '@longhaul/gateway';
 * import { contract } from './contract.ts';
 *
 * await using gateway = await createGateway({
 *   contract,
 *   nats: { servers: 'nats://127.0.0.1:4222' },
 *   host: '0.0.0.0',
 *   apiKeysFile: '/etc/longhaul/keys.json',
 * });
 * console.log(gateway.url);
 * ```
 *
 * @throws AuthConfigError when authentication is missing for the given `host`, or its options are invalid; TopologyError
 *   when streams in NATS have an incompatible configuration; RangeError when an option is out of range
 */
export async function createGateway<const C extends Contract>(
  options: GatewayOptions<C>,
): Promise<Gateway<C>> {
  requireKnownOptions('createGateway', options, gatewayOptionNames);
  const ownLogger = (options.logger ?? createLogger('gateway', 'warn')).child(
    { service: 'gateway' },
    { serializers: safeSerializers },
  );
  const repeats = throttleRepeats(ownLogger);
  const { logger } = repeats;
  const host = options.host ?? defaultHost;
  // Closed in reverse order, here if something fails and otherwise by `stop`: later parts depend on earlier ones.
  await using opening = new Disposables();
  opening.defer(() => repeats.stop());
  const { authenticate, isOpen, stop: stopAuthentication } = await openAuthentication(options, host, logger);
  opening.defer(stopAuthentication);
  const protection = protectionLimits(options.protection ?? {}, isOpen);
  const stopping = new AbortController();
  const early = await EarlyServer.open({ host, port: options.port ?? defaultPort }, protection);
  opening.defer(() => early.close());
  const waiting = new StartWait(logger, why => early.waitsFor(why));
  const { nc, close } = await openConnection(options.nats, 'longhaul gateway', natsPingMs);
  opening.defer(close);
  const retention = options.retention ?? defaultRetention;
  const topology = createTopology(options.namespace, {
    logLinesKept: options.logLinesKept,
    replicas: options.replicas,
    placementTags: options.placementTags,
  });
  const withoutSecret = await waiting.through(() =>
    createBroker(nc, topology, {
      payloadLimitBytes: options.payloadLimitBytes,
      jsonBreadth: options.jsonBreadth,
      payloadsKeptMs: payloadsKeptMs(retention),
    }),
  );
  await untilTopology(withoutSecret, waiting);
  const clockWatch = new ClockWatch(withoutSecret, logger, options.maxClockOffsetMs);
  opening.defer(() => clockWatch.stop());
  await waiting.through(() => clockWatch.start());
  const secret = await waiting.through(() => IdSecret.open(withoutSecret));
  const replication = new ReplicationChange(withoutSecret, logger);
  opening.defer(() => replication.stop());
  await waiting.through(() => replication.start());
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
  // Reads that calls wait for are asked again soon: what a leader that has failed was asked is never answered.
  const reading = await quickReads(broker);
  const find = createFindTask(reading, new RecordStore(reading, retention), index, retention);
  const cancelOptions: CancelOptions = { onUnread: (task, reason) => lateCancels.add(task, reason) };
  const lateCancels = new LateCancels(logger, (task, reason) =>
    cancelTask(broker, task, reason, { ...cancelOptions, isLate: true }),
  );
  opening.defer(() => lateCancels.stop());
  const childCancellation = new ChildCancellation({
    broker,
    logger,
    statusOf: id => index.get(id)?.status,
    cancel: async (caller, id, reason) =>
      cancelTask(broker, await getTask(find, caller, id), reason, cancelOptions),
  });
  opening.defer(() => childCancellation.stop());
  const metrics = new GatewayMetrics(definitions.keys());
  const pending = new PendingRecords(store, index, logger);
  const childRecords = new ChildRecords(broker, logger, index, pending);
  opening.defer(() => childRecords.stop());
  const projection = new Projection(broker, logger, {
    store,
    index,
    onFolded: (before, after) => {
      metrics.folded(before, after);
      childRecords.folded(before, after);
    },
    onLost: () => guard.suspect(),
  });
  const feed = new LiveFeed(broker, logger);
  feed.start();
  opening.defer(() => feed.stop());

  opening.defer(() => index.stop());
  await waiting.through(() => index.start());
  opening.defer(() => projection.stop());
  await waiting.through(() => projection.start());
  opening.defer(() => pending.stop());
  const orphans = new Orphans(broker, logger, index, pending);
  orphans.start();
  opening.defer(() => orphans.stop());

  const lostRequests = new LostRequests({ broker, logger, index, store, pending });
  opening.defer(() => lostRequests.stop());
  lostRequests.look();

  const streams = new OwnerStreams(protection.streamsPerOwner);
  const serviceWithStacks = createTaskService({
    broker,
    streams,
    replayEvents: protection.replayEvents,
    find,
    index,
    pending,
    feed,
    definitions,
    cancelOptions,
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
  const service = exposeStacks(serviceWithStacks, definitions, options.exposeStack ?? 'operators');
  const { start, cancel } = service;
  const schedules = createSchedules(broker, logger, { find, definitions, start, cancel });
  opening.defer(() => schedules.stop());
  await waiting.through(() => schedules.start());
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
  await waiting.through(() => guard.start());
  const stuckSchedules = new StuckSchedules(broker, logger);
  opening.defer(() => stuckSchedules.stop());
  stuckSchedules.start();
  const storage = new StorageWatch(broker, logger, () => stuckSchedules.lookAtAll());
  opening.defer(() => storage.stop());
  storage.start();
  const quorum = new QuorumWatch(broker, logger);
  opening.defer(() => quorum.stop());
  await quorum.start();
  const system = createSystemService({
    broker,
    index,
    directory: new ExecutorDirectory(broker, logger),
    names: [...definitions.keys()],
  });
  const router = createGatewayRouter(options.contract, service, schedules.service, system);

  const link = new NatsLink(nc, () => {
    feed.mayHaveMissed();
    index.forgetExpired(retention, broker.clock.nowMs());
  });
  opening.defer(() => link.stop());
  const notReadyReason = () => {
    if (stopping.signal.aborted) return 'The gateway is stopping.';
    return link.isConnected
      ? (guard.fault ?? quorum.fault ?? storage.fault ?? clockWatch.fault)
      : 'The gateway is not connected to NATS.';
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
    clockAheadMs: () => broker.clock.aheadMs,
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
    serverFactory: early.factory,
    metrics: { access: options.metrics ?? 'loopback', text: () => metrics.text(gauges) },
  });
  opening.defer(() => closeHttpServer(server, options.drainMs ?? defaultDrainMs));
  // It listens since the beginning; now it serves.
  const url = await server.listen();
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
