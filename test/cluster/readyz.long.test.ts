import { setTimeout as delay } from 'node:timers/promises';
import { createBroker } from '@longhaul/broker';
import { createGateway } from '@longhaul/gateway';
import { createTopology } from '@longhaul/proto/wire';
import { freshNamespace } from '@longhaul/testing';
import { type NatsCluster, scriptedContract, startNatsCluster } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startNatsCluster();
}, 90_000);
// The servers of the test before have been started again, which the others notice a little later.
beforeEach(() => cluster.whole(), 90_000);
afterAll(() => cluster[Symbol.asyncDispose]());

const logger = pino({ level: 'silent' });
const recoversWithin = { timeout: 60_000, interval: 100 };
/** A fault is to be seen in 5 s, and where it may be an election in 13 s; a slow machine takes its time. */
const seenWithin = { timeout: 40_000, interval: 100 };

/** For so long an election alone changes nothing. */
const promisedMs = 12_000;

/** A gateway at the first server, and what its `/readyz` says. */
async function gatewayAtFirst(options: { readonly replicas: 1 | 3; readonly placementTags?: string[] }) {
  const namespace = freshNamespace();
  const gateway = await createGateway({
    contract: scriptedContract,
    nats: { servers: cluster.servers[0]?.url ?? '' },
    namespace,
    port: 0,
    logger,
    ...options,
  });
  const why = async () => {
    const answer = await fetch(`${gateway.url}/readyz`);
    const { why: reason } = (await answer.json()) as { readonly why?: string };
    expect(answer.status).toBe(reason === undefined ? 200 : 503);
    return reason;
  };
  return { namespace, why, [Symbol.asyncDispose]: () => gateway.stop() };
}

/** Which server leads a stream. */
async function leaderOf(namespace: string, stream: 'requestStream' | 'eventStream'): Promise<number> {
  const nc = await connect({ servers: cluster.url.split(',') });
  const broker = await createBroker(nc, createTopology(namespace));
  const { cluster: placed } = await broker.jsm.streams.info(broker.topology[stream]);
  await nc.close();
  return Number(placed?.leader?.slice(1) ?? 0);
}

it('is 503 on the minority side of a cut, with the streams that cannot be used, and 200 when it is over', async () => {
  await using one = await gatewayAtFirst({ replicas: 3 });
  expect(await one.why()).toBeUndefined();
  const others = cluster.servers.slice(1);
  // As behind a network that swallows everything: the connections stay, and nothing is answered.
  for (const { pid } of others) process.kill(pid, 'SIGSTOP');
  try {
    await expect.poll(one.why, seenWithin).toMatch(/^In NATS, .*(reached|answer)/);
  } finally {
    for (const { pid } of others) process.kill(pid, 'SIGCONT');
  }
  await expect.poll(one.why, recoversWithin).toBeUndefined();
}, 150_000);

it('is 503 when two of three servers are gone, and 200 when one is back', async () => {
  await using one = await gatewayAtFirst({ replicas: 3 });
  const [, second, third] = cluster.servers;
  await Promise.all([second?.kill(), third?.kill()]);
  await expect.poll(one.why, seenWithin).toMatch(/^In NATS, .*(reached|answer)/);
  await second?.restart();
  await expect.poll(one.why, recoversWithin).toBeUndefined();
  await third?.restart();
}, 150_000);

it.each(['requestStream', 'eventStream'] as const)(
  'stays 200 while the %s elects a leader',
  async stream => {
    await using one = await gatewayAtFirst({ replicas: 3 });
    let leader = await leaderOf(one.namespace, stream);
    // The gateway is to keep its connection.
    const nc = await connect({ servers: cluster.url.split(',') });
    const { jsm, topology } = await createBroker(nc, createTopology(one.namespace));
    while (leader === 0) {
      await nc
        .request(`$JS.API.STREAM.LEADER.STEPDOWN.${topology[stream]}`, '', { timeout: 5_000 })
        .catch(() => {});
      await delay(500);
      leader = await leaderOf(one.namespace, stream).catch(() => 0);
    }
    const victim = cluster.servers[leader];
    await victim?.kill();
    const said = new Set<string | undefined>();
    const killedAtMs = performance.now();
    // Until there is another leader, and a while beyond. An election that has to begin again takes longer than is promised.
    let isLed = false;
    for (let after = 0; after < 10; after += isLed ? 1 : 0) {
      const why = await one.why();
      if (performance.now() - killedAtMs < promisedMs) said.add(why);
      isLed ||= await jsm.streams.info(topology[stream]).then(
        ({ cluster: placed }) => placed?.leader !== undefined && placed.leader !== `n${leader}`,
        () => false,
      );
      await delay(100);
    }
    await victim?.restart();
    await nc.close();
    expect([...said]).toEqual([undefined]);
    await expect.poll(one.why, recoversWithin).toBeUndefined();
  },
  150_000,
);

it('is 503 when everything is kept on a single server that is away', async () => {
  await using one = await gatewayAtFirst({ replicas: 1, placementTags: ['node:2'] });
  const third = cluster.servers[2];
  await third?.kill();
  await expect.poll(one.why, seenWithin).toMatch(/^In NATS, no stream or bucket answers/);
  await third?.restart();
  await expect.poll(one.why, recoversWithin).toBeUndefined();
}, 150_000);
