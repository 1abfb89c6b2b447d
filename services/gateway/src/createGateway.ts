import { createBroker, ensureTopology, type NatsOptions, openConnection } from '@longhaul/broker';
import { type Contract, createTopology, type GatewayRouter, listTasks } from '@longhaul/proto';
import { type Logger, pino } from 'pino';
import { Expiry } from './expire/expiry.ts';
import type { ConsoleOptions } from './http/console.ts';
import { type Authenticate, closeHttpServer, createHttpServer } from './http/server.ts';
import { payloadsKeptMs } from './project/payloadRetention.ts';
import { Projection } from './project/projection.ts';
import { RecordIndex } from './project/recordIndex.ts';
import { RecordStore } from './project/recordStore.ts';
import { defaultRetention, type Retention } from './project/retention.ts';
import { createFindTask } from './read/findTask.ts';
import { createGatewayRouter } from './rpc/router.ts';
import { createSchedules } from './schedule/createSchedules.ts';
import { createTaskService } from './service.ts';
import { Orphans } from './start/orphans.ts';
import { PendingRecords } from './start/pendingRecords.ts';
import { LiveFeed } from './watch/liveFeed.ts';

/** What {@link createGateway} takes. */
export type GatewayOptions<C extends Contract> = {
  readonly contract: C;
  readonly nats: NatsOptions;
  /** The first token of every subject. Default: `tasks`. */
  readonly namespace?: string;
  /** The address to listen on. Default: `127.0.0.1`, so that nobody else reaches it. */
  readonly host?: string;
  /** Default: 8080. `0` takes a free one. */
  readonly port?: number;
  /** Says who calls. Default: everybody is the owner `local`, who may do everything. */
  readonly authenticate?: Authenticate;
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

const defaultPort = 8080;
const defaultDrainMs = 10_000;
const everybody = { owner: 'local', role: 'admin' } as const;

/**
 * Starts a gateway; resolves when it is ready. The parts, in the order in which a task meets them:
 *
 * - `http/` and `rpc/`: the call, who makes it, and which procedure it is
 * - `start/`: validates and publishes the request
 * - `project/`: folds the task's events into its record, and indexes records for lists
 * - `schedule/`: recurring schedules, and a task for each firing
 * - `expire/`: ends tasks whose time is over while no executor has them
 * - `read/`: records, results, lists · `watch/`: live streams · `cancel/`: the cancel loop
 *
 * @throws TopologyError when NATS holds streams that do not fit; RangeError when the payload limit cannot be had
 */
export async function createGateway<const C extends Contract>(
  options: GatewayOptions<C>,
): Promise<Gateway<C>> {
  const logger = (options.logger ?? pino({ level: 'warn' })).child({ service: 'gateway' });
  const { nc, close } = await openConnection(options.nats, 'longhaul gateway');
  const stopping = new AbortController();
  const opened: (() => Promise<void> | void)[] = [close];
  const stopAll = async () => {
    stopping.abort();
    // In reverse: what was opened last depends on what was opened before it.
    for (const closeOne of opened.reverse()) await closeOne();
  };
  try {
    const retention = options.retention ?? defaultRetention;
    const broker = await createBroker(nc, createTopology(options.namespace), {
      payloadLimitBytes: options.payloadLimitBytes,
      payloadsKeptMs: payloadsKeptMs(retention),
    });
    await ensureTopology(broker);

    const definitions = listTasks(options.contract);
    const store = new RecordStore(broker, retention);
    const expiry = new Expiry(broker, logger, definitions);
    opened.push(() => expiry.stop());
    const index = new RecordIndex(broker, logger, record => expiry.update(record));
    const projection = new Projection(broker, logger, store, index);
    const pending = new PendingRecords(store, index, logger);
    const feed = new LiveFeed(broker, logger);

    await index.start();
    opened.push(() => index.stop());
    await projection.start();
    opened.push(() => projection.stop());
    opened.push(() => pending.stop());
    const orphans = new Orphans(broker, logger, index, pending);
    orphans.start();
    opened.push(() => orphans.stop());

    const find = createFindTask(broker, store, index, retention);
    const service = createTaskService({
      broker,
      find,
      index,
      pending,
      feed,
      definitions,
      logger,
    });
    const { start, cancel } = service;
    const schedules = createSchedules(broker, logger, { find, definitions, start, cancel });
    await schedules.start();
    opened.push(() => schedules.stop());
    const router = createGatewayRouter(options.contract, service, schedules.service);

    let connected = true;
    void (async () => {
      for await (const { type } of nc.status()) {
        if (type === 'disconnect') connected = false;
        if (type !== 'reconnect') continue;
        connected = true;
        feed.reconnected();
        index.forgetExpired(retention, Date.now());
      }
    })();
    const whyNotReady = () => {
      if (stopping.signal.aborted) return 'The gateway is being stopped.';
      return connected ? undefined : 'There is no connection to NATS.';
    };
    const server = await createHttpServer({
      router,
      logger,
      authenticate: options.authenticate ?? (() => everybody),
      whyNotReady,
      stop: stopping.signal,
      payloadLimitBytes: broker.payloads.limitBytes,
      console: options.console,
    });
    opened.push(() => closeHttpServer(server, options.drainMs ?? defaultDrainMs));
    const url = await server.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? defaultPort });
    logger.info({ url }, 'gateway ready');

    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= stopAll();
      return stopped;
    };
    return { url, port: Number(new URL(url).port), router, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stopAll();
    throw error;
  }
}
