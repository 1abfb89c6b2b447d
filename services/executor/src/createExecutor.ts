import { hostname } from 'node:os';
import {
  ClockWatch,
  createBroker,
  openConnection,
  readCommand,
  StartWait,
  StorageWatch,
  TopologyGuard,
  untilTopology,
} from '@longhaul/broker';
import type { Contract } from '@longhaul/proto';
import { createTopology, requireKnownOptions, wakeSchema } from '@longhaul/proto/wire';
import { createLogger, Disposables, safeSerializers, throttleRepeats } from '@longhaul/runtime';
import { v7 as uuid } from 'uuid';
import { Attempt } from './attempt/attempt.ts';
import type { AttemptSetting } from './attempt/attemptContext.ts';
import { readIsToBegin } from './attempt/claim.ts';
import { followLink } from './attempt/followLink.ts';
import { Heartbeats } from './attempt/heartbeats.ts';
import { answerAsHolder } from './attempt/holder.ts';
import { Rechecks } from './attempt/rechecks.ts';
import { type Executor, type ExecutorOptions, executorOptionNames } from './executorOptions.ts';
import { matchHandlers } from './handler/handlers.ts';
import { Limits } from './limits/limits.ts';
import { WaitQueue } from './limits/waitQueue.ts';
import { FirstDeliveries } from './queue/firstDeliveries.ts';
import type { LinkWatch } from './queue/linkWatch.ts';
import { RequestConsumer } from './queue/requestConsumer.ts';
import type { RequestMessage } from './queue/requestMessage.ts';
import type { Slot } from './queue/slotPool.ts';
import { openSandboxes } from './sandbox/openSandboxes.ts';
import type { OpenMetrics } from './telemetry/metricsServer.ts';
import { registerExecutor } from './telemetry/microService.ts';
import { watchProcessEnd } from './telemetry/processEnd.ts';

/** How long handlers may take to obey when their tasks are released, before the executor closes regardless. */
const releaseGraceMs = 5_000;
const defaults = { concurrency: 4, drainMs: 30_000, holdStartedMs: 10 };
const version = '0.2.0';

/**
 * Starts an executor: it pulls the requests of the contract's tasks from NATS and runs their handlers. Resolves when
 * requests can arrive.
 *
 * In the code: `queue/requestConsumer` pulls a request → `attempt/attempt` claims it, takes it through its limits, calls
 * the handler, appends its end to the task's event log and acknowledges the request.
 *
 * @returns the running executor, to be stopped with `stop()`
 * @throws HandlersError when handlers and contract do not match, or a sandboxed handler cannot be loaded
 * @throws RangeError when an option cannot be used
 * @throws TopologyError when NATS has streams that do not fit
 *
 * @example
 * ```ts
 * const executor = await createExecutor({
 *   contract,
 *   handlers: { audio: { transcribe: transcribeRecording }, report: { build: buildReport } },
 *   nats: { servers: 'nats://localhost:4222' },
 *   concurrency: 8,
 * });
 * process.once('SIGTERM', () => void executor.stop());
 * ```
 */
export async function createExecutor<const C extends Contract>(
  options: ExecutorOptions<C>,
): Promise<Executor> {
  requireKnownOptions('createExecutor', options, executorOptionNames);
  const matched = matchHandlers(options.contract, options.handlers);
  const concurrency = options.concurrency ?? defaults.concurrency;
  if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
    throw new RangeError(`concurrency must be a whole number of at least 1, not ${concurrency}.`);
  }
  const id = options.id ?? `${hostname()}-${process.pid}-${uuid().slice(-6)}`;
  const ownLogger = (options.logger ?? createLogger('executor', 'warn')).child(
    { executor: id },
    { serializers: safeSerializers },
  );
  const repeats = throttleRepeats(ownLogger);
  const { logger } = repeats;
  // Closed in reverse: here where something fails, else by `stop`.
  await using opening = new Disposables();
  opening.defer(() => repeats.stop());
  // As many threads as handlers run: those that wait for children keep theirs, and more than `concurrency` can.
  const { tasks, close: endThreads } = await openSandboxes(matched, Number.POSITIVE_INFINITY, logger);
  let ended: Promise<void> | undefined;
  const closeSandboxes = () => {
    ended ??= endThreads();
    return ended;
  };
  opening.defer(closeSandboxes);

  const { nc, writeNow, close } = await openConnection(options.nats, `longhaul executor ${id}`);
  opening.defer(async () => {
    // The last acknowledgements and releases leave before the connection closes.
    if (!nc.isClosed()) await nc.flush().catch(() => {});
    await close();
  });
  const { payloadLimitBytes, jsonBreadth } = options;
  const waiting = new StartWait(logger);
  const broker = await waiting.through(() =>
    createBroker(nc, createTopology(options.namespace), {
      payloadLimitBytes,
      jsonBreadth,
      role: 'executor',
    }),
  );
  await untilTopology(broker, waiting);
  const clockWatch = new ClockWatch(broker, logger, options.maxClockOffsetMs);
  opening.defer(() => clockWatch.stop());
  await waiting.through(() => clockWatch.start());
  const startedAt = broker.clock.now();

  const attempts = new Map<string, Attempt>();
  const waitQueue = new WaitQueue(() => consumer.replan(), broker.clock.nowMs);
  const limits = new Limits(broker, logger, id, waitQueue);
  let metrics: OpenMetrics | undefined;
  if (options.metrics) {
    // Loaded only where it is needed.
    const { openMetrics } = await import('./telemetry/metricsServer.ts');
    const gauges = { slots: concurrency, running: () => attempts.size };
    const opened = await openMetrics(options.metrics, broker, tasks.keys(), gauges, logger);
    opening.defer(() => opened.close());
    metrics = opened;
  }
  const shutdownDeadline = new AbortController();
  const heartbeats = new Heartbeats(() => link.isHeard);
  const rechecks = new Rechecks();
  const firstDeliveries = new FirstDeliveries(broker);
  const setting: AttemptSetting = {
    broker,
    logger,
    heartbeats,
    rechecks,
    firstDeliveries,
    executor: id,
    holdStartedMs: options.holdStartedMs ?? defaults.holdStartedMs,
    taskOf: name => tasks.get(name),
    limits,
    shutdownDeadline: shutdownDeadline.signal,
    metrics: metrics?.counted,
  };

  const recheckAll = () => {
    heartbeats.sendAll();
    for (const attempt of attempts.values()) rechecks.soon(attempt);
  };

  const work = async (message: RequestMessage, slot: Slot): Promise<void> => {
    const address = broker.topology.subjects.parseRequest(message.subject);
    if (!address) {
      logger.error(
        { subject: message.subject },
        'a request on a subject that does not fit the protocol was dropped',
      );
      message.ack();
      return;
    }
    const running = attempts.get(address.id);
    if (running) {
      // Our heartbeats were late (a blocked event loop), and the request came back while its handler runs.
      running.adopt(message);
      return;
    }
    const attempt = new Attempt(setting, address, message, slot);
    attempts.set(address.id, attempt);
    try {
      await attempt.run();
    } finally {
      attempts.delete(address.id);
    }
  };

  const consumer = new RequestConsumer({
    broker,
    logger,
    types: [...tasks.keys()],
    slots: concurrency,
    work,
    isToBegin: async ({ subject }) => {
      const address = broker.topology.subjects.parseRequest(subject);
      return !address || readIsToBegin(broker, address);
    },
    isBlocked: name => waitQueue.isBlocked(name),
    ownerShareOf: name => tasks.get(name)?.definition.policy.ownerShare ?? 1,
    onDelivered: message => firstDeliveries.delivered(message),
    onRefused: () => guard.suspect(),
    isHeard: () => link.isHeard,
  });
  const link: LinkWatch = followLink({
    nc,
    logger,
    attempts: () => attempts.values(),
    onCutOff: options.onCutOff ?? 'abort',
    onHeard: () => consumer.replan(),
  });
  opening.defer(() => link.stop());
  const freedListener = limits.listen();
  opening.defer(() => freedListener.stop());
  const holder = answerAsHolder(broker, logger, id, taskId => attempts.get(taskId));
  opening.defer(() => holder.stop());
  opening.defer(() => consumer.stopPulling());
  // Before the first request can come.
  const unwatch = watchProcessEnd({
    logger,
    running: () =>
      [...attempts.values()]
        .filter(({ isExecuting }) => isExecuting)
        .map(({ id, name, number }) => ({ taskId: id, task: name, attempt: number })),
    writeAtExit: () => {
      const written = [...attempts.values()].filter(attempt => attempt.writeAtExit());
      writeNow();
      return written.length > 0;
    },
  });
  opening.defer(unwatch);
  await waiting.through(() => consumer.start());
  opening.defer(() => firstDeliveries.stop());
  firstDeliveries.renew();
  const guard: TopologyGuard = new TopologyGuard({
    broker,
    logger,
    consumers: consumer.consumers,
    onSuspected: () => firstDeliveries.renew(),
    onRepaired: () => {
      firstDeliveries.renew();
      consumer.restartPulls();
      recheckAll();
    },
  });
  opening.defer(() => guard.stop());
  const storage = new StorageWatch(broker, logger);
  opening.defer(() => storage.stop());
  storage.start();
  await waiting.through(() => guard.start());
  const running = () => [...attempts.values()].map(({ id, name, number }) => ({ id, name, attempt: number }));
  const service = registerExecutor(broker, logger, version, () => ({
    v: 1,
    executor: id,
    host: hostname(),
    version,
    tasks: [...tasks.keys()],
    slots: concurrency,
    running: running(),
    startedAt,
    ...(broker.clock.aheadMs === undefined ? {} : { clockAheadMs: Math.round(broker.clock.aheadMs) }),
  }));
  opening.defer(() =>
    service.stop().then(
      () => {},
      () => {},
    ),
  );
  nc.subscribe(broker.topology.subjects.executorWake, {
    callback: (_error, message) => {
      if (readCommand(broker, logger, wakeSchema, message, ['gateway'])) consumer.restartPulls();
    },
  });
  void followConnection(nc.status(), () => {
    // Before the first pull of the new connection: a server that was killed may have forgotten what it delivered.
    firstDeliveries.renew();
    recheckAll();
    consumer.restartPulls();
  });
  logger.info({ tasks: [...tasks.keys()], concurrency }, 'executor ready');

  const opened = opening.move();
  const hurry = new AbortController();
  let stopping: Promise<void> | undefined;
  const stop = (stopOptions: { readonly drainMs?: number } = {}): Promise<void> => {
    const drainMs = stopOptions.drainMs ?? options.drainMs ?? defaults.drainMs;
    const timer = setTimeout(() => hurry.abort(), drainMs);
    stopping ??= (async () => {
      consumer.stopPulling();
      for (const attempt of attempts.values()) attempt.drain();
      await Promise.race([consumer.idle(), once(hurry.signal)]);
      for (const attempt of attempts.values()) attempt.release();
      const deadline = setTimeout(
        () => shutdownDeadline.abort(new Error('The executor has stopped.')),
        releaseGraceMs,
      );
      await Promise.race([consumer.idle(), once(shutdownDeadline.signal)]);
      clearTimeout(deadline);
      // The last messages of the threads leave over the connection, which is closed after them.
      await closeSandboxes();
      await opened.disposeAsync();
    })();
    return stopping.finally(() => clearTimeout(timer));
  };
  return { id, metricsUrl: metrics?.url, running, stop, [Symbol.asyncDispose]: () => stop({ drainMs: 0 }) };
}

async function followConnection(
  status: AsyncIterable<{ type: string }>,
  onReconnect: () => void,
): Promise<void> {
  for await (const event of status) if (event.type === 'reconnect') onReconnect();
}

function once(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}
