import { createBroker, ensureTopology, IdSecret, publishRequest, untilAnswered } from '@longhaul/broker';
import { createGateway } from '@longhaul/gateway';
import { createTopology } from '@longhaul/proto/wire';
import { freshNamespace, startStack, within } from '@longhaul/testing';
import { type NatsCluster, scriptedContract, scriptedHandlers, startNatsCluster } from '@longhaul/testkit';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { serveReplicated } from '../../examples/replicas.ts';

let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startNatsCluster();
}, 90_000);
afterAll(() => cluster[Symbol.asyncDispose]());

const logger = pino({ level: 'silent' });
const system = (gateway: { readonly replicas?: 1 | 3 | 5; readonly placementTags?: readonly string[] }) =>
  startStack({
    natsUrl: cluster.url,
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateway: { logger, ...gateway },
    executor: { logger },
  });
type System = Awaited<ReturnType<typeof system>>;

/** The replicas of every stream of a system and of its consumers, by name. */
async function replicasOf({ broker, namespace }: System): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { config, cluster: placed } of broker.jsm.streams.list()) {
    if (!config.name.toLowerCase().includes(namespace)) continue;
    found.set(config.name, 1 + (placed?.replicas?.length ?? 0));
    // Those without a name of their own are one process's, and gone with it.
    for await (const consumer of broker.jsm.consumers.list(config.name))
      if (consumer.config.durable_name !== undefined)
        found.set(`${config.name} > ${consumer.name}`, 1 + (consumer.cluster?.replicas?.length ?? 0));
  }
  return found;
}

describe('replicas', () => {
  it.each([
    [1, 3],
    [3, 1],
  ] as const)(
    'a system with %i is changed to %i by the next gateway, stream by stream, while it runs',
    async (before, after) => {
      await using stack = await system({ replicas: before });
      expect(await stack.tasks.script.echo.run({ text: 'before' })).toMatchObject({
        output: { text: 'before' },
      });
      const names = await replicasOf(stack);
      // Five streams and buckets, the secrets, the payloads; and their consumers.
      expect(names.size).toBeGreaterThan(8);
      expect([...names].filter(([, replicas]) => replicas !== before)).toEqual([]);

      const changing = stack.addGateway({ replicas: after });
      // Tasks run meanwhile.
      for (let n = 0; n < 20; n += 1)
        expect(await within('a task', stack.tasks.script.echo.run({ text: `${n}` }), 60_000)).toMatchObject({
          output: { text: `${n}` },
        });
      await changing;
      await expect
        .poll(async () => [...(await replicasOf(stack))].filter(([, replicas]) => replicas !== after), {
          timeout: 60_000,
        })
        .toEqual([]);
      expect(await stack.tasks.script.echo.run({ text: 'after' })).toMatchObject({
        output: { text: 'after' },
      });

      // A gateway that asks for nothing leaves them as they are.
      await using _another = await createGateway({
        contract: scriptedContract,
        nats: { servers: cluster.url.split(',') },
        namespace: stack.namespace,
        port: 0,
        logger,
      });
      expect([...(await replicasOf(stack))].filter(([, replicas]) => replicas !== after)).toEqual([]);
    },
    180_000,
  );

  it('are given to a stream that was deleted, also where an executor created it again with one', async () => {
    await using stack = await system({ replicas: 3 });
    const { jsm, topology } = stack.broker;
    // As an executor does it, whose options say nothing of replicas.
    await jsm.streams.delete(topology.scheduleBucketStream);
    await ensureTopology(await createBroker(stack.nc, createTopology(stack.namespace)));
    await expect
      .poll(async () => (await jsm.streams.info(topology.scheduleBucketStream)).config.num_replicas, {
        timeout: 30_000,
      })
      .toBe(3);
  }, 60_000);

  it('are kept on the servers with the tags asked for', async () => {
    await using stack = await system({ replicas: 1, placementTags: ['node:2'] });
    expect(await stack.tasks.script.echo.run({ text: 'here' })).toMatchObject({ output: { text: 'here' } });
    for await (const { config, cluster: placed } of stack.broker.jsm.streams.list())
      if (config.name.toLowerCase().includes(stack.namespace)) expect(placed?.leader).toBe('n2');
  }, 60_000);

  it('are asked for as the guide shows', async () => {
    await using gateway = await serveReplicated(cluster.servers.map(({ url }) => url));
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    const nc = await connect({ servers: cluster.url.split(',') });
    const { cluster: placed } = await (await jetstreamManager(nc)).streams.info('TASKS');
    await nc.close();
    expect(placed?.replicas).toHaveLength(2);
  }, 60_000);

  it.each([
    ['more than there are servers', () => cluster.url, { replicas: 5 }],
    ['several on a server without a cluster', () => inject('natsUrl'), { replicas: 3 }],
    ['on servers with tags that none has', () => cluster.url, { placementTags: ['nowhere'] }],
  ] as const)('%s are refused with what to do', async (_what, url, options) => {
    const namespace = freshNamespace();
    const starting = createGateway({
      contract: scriptedContract,
      nats: { servers: url().split(',') },
      namespace,
      port: 0,
      logger,
      ...options,
    });
    await expect(starting).rejects.toMatchObject({
      code: 'TOPOLOGY_DRIFT',
      message: expect.stringMatching(
        /cluster of at least \d nats-servers.*(NATS_REPLICAS|NATS_PLACEMENT_TAGS)/,
      ),
    });
    const nc = await connect({ servers: url().split(',') });
    const jsm = await jetstreamManager(nc);
    for await (const { config } of jsm.streams.list())
      if (config.name.toLowerCase().includes(namespace)) await jsm.streams.delete(config.name);
    await nc.close();
  });

  it('differ between processes that start at the same moment: none fails, whichever creates a stream first', async () => {
    const connections = await Promise.all(cluster.servers.map(({ url }) => connect({ servers: url })));
    for (let round = 0; round < 3; round += 1) {
      const namespace = freshNamespace();
      const replicas = [3, undefined, 3] as const;
      const brokers = await Promise.all(
        connections.map((nc, i) => createBroker(nc, createTopology(namespace, { replicas: replicas[i] }))),
      );
      await Promise.all(brokers.map(broker => untilAnswered(() => ensureTopology(broker))));
      await Promise.all(brokers.map(broker => untilAnswered(() => IdSecret.open(broker))));
      const [first] = brokers;
      for await (const { config } of first?.jsm.streams.list() ?? [])
        if (config.name.toLowerCase().includes(namespace)) await first?.jsm.streams.delete(config.name);
    }
    await Promise.all(connections.map(nc => nc.close()));
  }, 120_000);

  it('of one key, started at the same time at every server, one request is stored and no publish fails', async () => {
    const namespace = freshNamespace();
    const connections = await Promise.all(cluster.servers.map(({ url }) => connect({ servers: url })));
    const topology = createTopology(namespace, { replicas: 3 });
    const brokers = await Promise.all(connections.map(nc => createBroker(nc, topology)));
    const [first] = brokers;
    if (!first) throw new Error('a broker is needed');
    await ensureTopology(first);
    for (let round = 0; round < 60; round += 1) {
      const address = { id: crypto.randomUUID(), name: 'script.echo' };
      const request = { priority: 'normal' } as never;
      const payload = new TextEncoder().encode('{}');
      // By each connection, and as a gateway that repeats a publish whose answer is late.
      const acks = await Promise.all(
        [...brokers, first].map(broker => publishRequest(broker, { address, request, payload }, address.id)),
      );
      expect(acks.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
      expect(new Set(acks.map(({ seq }) => seq)).size).toBe(1);
    }
    for await (const { config } of first.jsm.streams.list())
      if (config.name.toLowerCase().includes(namespace)) await first.jsm.streams.delete(config.name);
    await Promise.all(connections.map(nc => nc.close()));
  }, 60_000);
});
