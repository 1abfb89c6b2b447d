import { randomBytes } from 'node:crypto';
import { type Broker, createBroker, isStreamNotFound, replayEvents, untilAnswered } from '@longhaul/broker';
import { createClient, type Tasks } from '@longhaul/client';
import { createExecutor, type Executor, type ExecutorOptions, type HandlersOf } from '@longhaul/executor';
import { createGateway, type Gateway, type GatewayOptions } from '@longhaul/gateway';
import type { Contract } from '@longhaul/proto';
import { createTopology, recordSchema, type StoredEvent, type TaskRecord } from '@longhaul/proto/wire';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { pino } from 'pino';
import { natsForTests } from './natsServer.ts';
import type { TestNats } from './testNats.ts';
import { deadlineMs } from './waitFor.ts';

/** What a stack consists of. */
export type StackOptions<C extends Contract> = {
  /**
   * A nats-server to share with other tests: each stack has a namespace of its own. Default: one of this stack alone,
   * embedded or in a container, which takes a second to start.
   */
  readonly natsUrl?: string;
  /** The contract that it serves. */
  readonly contract: C;
  /** A handler for each of its tasks. */
  readonly handlers: HandlersOf<NoInfer<C>>;
  /** Default: 1. */
  readonly gateways?: number;
  /** Default: 1. */
  readonly executors?: number;
  /** Further options of each gateway. */
  readonly gateway?: Partial<GatewayOptions<C>>;
  /** Further options of each executor. */
  readonly executor?: Partial<ExecutorOptions<C>>;
};

/** A whole system of its own on a shared nats-server: nothing that another test does is seen in it. */
export type Stack<C extends Contract> = {
  /** The first token of its subjects, which no other stack has. */
  readonly namespace: string;
  /** A connection to its nats-server, for tests that look behind the scenes. */
  readonly nc: NatsConnection;
  /** The clients over that connection. */
  readonly broker: Broker;
  /** The gateways, in the order of their start. */
  readonly gateways: Gateway<C>[];
  /** The executors, in the order of their start. */
  readonly executors: Executor[];
  /** Handles through the first gateway. */
  readonly tasks: Tasks<C>;
  /** Handles through one of the gateways, with headers of your own. */
  readonly tasksOf: (gateway: { readonly url: string }, headers?: Record<string, string>) => Tasks<C>;
  /** Starts one more gateway. */
  readonly addGateway: (options?: Partial<GatewayOptions<C>>) => Promise<Gateway<C>>;
  /** Starts one more executor. */
  readonly addExecutor: (options?: Partial<ExecutorOptions<C>>) => Promise<Executor>;
  /** Every stored event of one task, or of all. */
  readonly events: (id?: string) => Promise<StoredEvent[]>;
  /** Every record of the bucket. */
  readonly records: () => Promise<TaskRecord[]>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Tests show errors of the product; its warnings are expected in many of them. */
const logger = pino({ level: process.env.LOG_LEVEL ?? 'error' });

/** A namespace that no other test uses. */
export function freshNamespace(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

/**
 * Starts gateways and executors in this process, and a nats-server for them unless one is given.
 *
 * @example
 * ```ts
 * test('a report is built', async () => {
 *   await using stack = await startStack({ contract, handlers });
 *   const task = await stack.tasks.report.build.start({ month: '2026-10' });
 *   expect(await task.result()).toEqual({ path: `/reports/${task.id}.pdf` });
 * });
 * ```
 */
export async function startStack<const C extends Contract>(options: StackOptions<C>): Promise<Stack<C>> {
  const namespace = freshNamespace();
  const { contract, handlers } = options;
  const ownNats = options.natsUrl === undefined ? await natsForTests(() => {}) : undefined;
  const natsUrl = options.natsUrl ?? (ownNats as TestNats).url;
  const nats = { servers: natsUrl };
  const nc = await connect({ servers: natsUrl });
  const broker = await createBroker(nc, createTopology(namespace));
  const gateways: Gateway<C>[] = [];
  const executors: Executor[] = [];

  const addGateway = async (more: Partial<GatewayOptions<C>> = {}) => {
    const gateway = await createGateway<C>({
      contract,
      nats,
      namespace,
      port: 0,
      logger,
      ...options.gateway,
      ...more,
      // The gateway shares its event loop with the test: what delays it is the test's own work.
      protection: { overloadDelayMs: 0, ...(more.protection ?? options.gateway?.protection) },
    });
    gateways.push(gateway);
    return gateway;
  };
  const addExecutor = async (more: Partial<ExecutorOptions<C>> = {}) => {
    const executor = await createExecutor<C>({
      contract,
      handlers,
      nats,
      namespace,
      logger,
      ...options.executor,
      ...more,
    });
    executors.push(executor);
    return executor;
  };
  for (let i = 0; i < (options.gateways ?? 1); i += 1) await addGateway();
  for (let i = 0; i < (options.executors ?? 1); i += 1) await addExecutor();

  const tasksOf = (gateway: { readonly url: string }, headers: Record<string, string> = {}) =>
    createClient<C>({ url: gateway.url, headers: () => headers });
  const first = gateways[0];
  return {
    namespace,
    nc,
    broker,
    gateways,
    executors,
    tasks: first ? tasksOf(first) : createClient<C>({ url: 'http://127.0.0.1:1' }),
    tasksOf,
    addGateway,
    addExecutor,
    events: async id => {
      const { subjects } = broker.topology;
      return Array.fromAsync(
        replayEvents(broker, id === undefined ? subjects.allEvents : subjects.eventsOf(id), 1),
      );
    },
    records: () => readRecords(broker),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(executors.map(executor => executor.stop({ drainMs: 0 })));
      await Promise.all(gateways.map(gateway => gateway.stop()));
      const {
        requestStream,
        eventStream,
        bucketStream,
        payloadStream,
        scheduleBucketStream,
        limitBucketStream,
      } = broker.topology;
      await Promise.all(
        [
          requestStream,
          eventStream,
          bucketStream,
          payloadStream,
          scheduleBucketStream,
          limitBucketStream,
        ].map(name => deleteStream(broker, name)),
      );
      await nc.close();
      await ownNats?.stop();
    },
  };
}

/** Asked again where no answer comes: it may be lost with a connection, and a server that has just started is slow. */
async function deleteStream({ jsm }: Broker, name: string): Promise<void> {
  const once = async () => {
    await jsm.streams.delete(name).catch((error: unknown) => {
      if (!isStreamNotFound(error)) throw error;
    });
  };
  await untilAnswered(once, AbortSignal.timeout(deadlineMs));
}

async function readRecords(broker: Broker): Promise<TaskRecord[]> {
  const bucket = await new Kvm(broker.js).open(broker.topology.bucket);
  const records: TaskRecord[] = [];
  for await (const key of await bucket.keys()) {
    const entry = await bucket.get(key);
    if (entry && entry.length > 0) records.push(recordSchema.parse(entry.json()));
  }
  return records;
}
