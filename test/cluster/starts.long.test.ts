import { createServer } from 'node:net';
import { createBroker, untilAnswered } from '@longhaul/broker';
import { createClient, gatewayErrorOf } from '@longhaul/client';
import { createExecutor } from '@longhaul/executor';
import { createGateway } from '@longhaul/gateway';
import { createTopology } from '@longhaul/proto/wire';
import { freshNamespace, within } from '@longhaul/testing';
import { type NatsCluster, scriptedContract, scriptedHandlers, startNatsCluster } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

/** A start with a part of the cluster away: it waits, says for what, and continues by itself. */

let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startNatsCluster();
}, 90_000);
beforeEach(() => cluster.whole(), 90_000);
afterAll(() => cluster[Symbol.asyncDispose]());

const patience = { timeout: 60_000, interval: 100 };
const client = (url: string) => createClient<typeof scriptedContract>({ url, headers: () => ({}) }).script;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Services that start at the first server, what their logs say, and what the gateway answers meanwhile. */
async function starting(namespace: string, options: { replicas?: 1 | 3; placementTags?: string[] }) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const said = { gateway: [] as string[], executor: [] as string[] };
  const logger = (who: keyof typeof said) =>
    pino({ level: 'info' }, { write: line => void said[who].push(JSON.parse(line).msg as string) });
  const common = { contract: scriptedContract, nats: { servers: cluster.servers[0]?.url ?? '' }, namespace };
  return {
    url,
    said,
    gateway: () => createGateway({ ...common, port, logger: logger('gateway'), ...options }),
    executor: () => createExecutor({ ...common, handlers: scriptedHandlers, logger: logger('executor') }),
    why: async () => {
      const answer = await fetch(`${url}/readyz`);
      const { why } = (await answer.json()) as { readonly why?: string };
      expect(answer.status).toBe(why === undefined ? 200 : 503);
      return why;
    },
  };
}
type Starting = Awaited<ReturnType<typeof starting>>;

/** While the start waits: the process is alive, not ready, and says what is missing; calls are told to come back. */
async function expectWaiting({ url, why, said }: Starting, what: RegExp): Promise<void> {
  await expect.poll(why, patience).toMatch(what);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const refused = await client(url)
    .echo.start({ text: 'too early' })
    .then(
      () => undefined,
      (error: unknown) => gatewayErrorOf(error),
    );
  expect(refused).toMatchObject({ reason: 'NATS_UNAVAILABLE', message: expect.stringMatching(what) });
  expect(said.gateway.some(line => what.test(line))).toBe(true);
}

async function expectServing({ url, why }: Starting): Promise<void> {
  expect(await why()).toBeUndefined();
  const run = client(url).echo.run({ text: 'at last' });
  expect(await within('a task', run, 60_000)).toMatchObject({ output: { text: 'at last' } });
}

const restarted = async (...servers: number[]) => {
  await Promise.all(servers.map(server => cluster.servers[server]?.kill()));
  await Promise.all(servers.map(server => cluster.servers[server]?.restart()));
};

it('the first start with three replicas waits for the third server', async () => {
  await cluster.servers[2]?.kill();
  // The others have started again without it, so that they know of it and not where it is.
  await restarted(0, 1);
  const system = await starting(freshNamespace(), { replicas: 3 });
  const gateway = system.gateway();
  await expectWaiting(system, /a server that is to keep streams and buckets is away/);
  await cluster.servers[2]?.restart();
  await using _gateway = await within('the gateway', gateway, 90_000);
  await using _executor = await within('the executor', system.executor(), 90_000);
  await expectServing(system);
}, 240_000);

it('a start waits for a cluster that has no leader', async () => {
  const system = await starting(freshNamespace(), { replicas: 3 });
  const others = [1, 2] as const;
  await Promise.all(others.map(other => cluster.servers[other]?.kill()));
  const gateway = system.gateway();
  const executor = system.executor();
  await expectWaiting(system, /no answer from/);
  await expect.poll(() => system.said.executor.join('\n'), patience).toMatch(/no answer from/);
  await Promise.all(others.map(other => cluster.servers[other]?.restart()));
  await using _gateway = await within('the gateway', gateway, 90_000);
  await using _executor = await within('the executor', executor, 90_000);
  await expectServing(system);
}, 240_000);

it('a start waits for the only server that keeps a stream', async () => {
  const system = await starting(freshNamespace(), { placementTags: ['node:2'] });
  await (await system.gateway()).stop();
  await cluster.servers[2]?.kill();
  const gateway = system.gateway();
  const executor = system.executor();
  const names = /no answer from .*the bucket of records \(/;
  await expectWaiting(system, names);
  await expect.poll(() => system.said.executor.some(line => names.test(line)), patience).toBe(true);
  await cluster.servers[2]?.restart();
  await using _gateway = await within('the gateway', gateway, 90_000);
  await using _executor = await within('the executor', executor, 90_000);
  await expectServing(system);
}, 240_000);

it('replicas that are to be raised wait for the third server, and the gateway does not', async () => {
  const namespace = freshNamespace();
  await cluster.servers[2]?.kill();
  await restarted(0, 1);
  // Everything is kept by one of the two that are there.
  const before = await starting(namespace, { replicas: 1 });
  await (await within('the gateway before', before.gateway(), 90_000)).stop();
  const system = await starting(namespace, { replicas: 3 });
  await using _executor = await within('the executor', system.executor(), 90_000);
  await using _gateway = await within('the gateway', system.gateway(), 90_000);
  await expectServing(system);
  expect(system.said.gateway.join('\n')).toMatch(/replicas and placement stay as they are/);
  const nc = await connect({ servers: cluster.servers[0]?.url ?? '' });
  const { jsm, topology } = await untilAnswered(() => createBroker(nc, createTopology(namespace)));
  await cluster.servers[2]?.restart();
  const replicas = async () =>
    (await jsm.streams.info(topology.secretBucketStream).catch(() => undefined))?.config.num_replicas;
  await expect.poll(replicas, { ...patience, timeout: 120_000 }).toBe(3);
  await nc.close();
  await expectServing(system);
}, 300_000);
