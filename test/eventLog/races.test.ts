import {
  appendEvent,
  type Broker,
  createBroker,
  ensureTopology,
  isWrongLastSequence,
} from '@longhaul/broker';
import { createTopology, type TaskEvent } from '@longhaul/proto/wire';
import { freshNamespace } from '@longhaul/testing';
import { startNatsCluster, taskEvent } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { expect, inject, it } from 'vitest';

const started = taskEvent({ type: 'started', attempt: 1, executor: 'a' });
const contenders: readonly TaskEvent[] = [
  taskEvent({ type: 'progress', attempt: 1, ordinal: 1, progress: 1 }),
  taskEvent({ type: 'log', attempt: 1, ordinal: 1, level: 'info', message: 'hi' }),
  taskEvent({ type: 'completed', attempt: 1, executor: 'a', output: {} }),
  taskEvent({ type: 'stopping' }),
];

/** Has events of different kinds race for one place, each from another connection; one has to win. */
async function race(brokers: readonly Broker[], rounds: number): Promise<void> {
  const [first] = brokers;
  if (!first) throw new Error('a broker is needed');
  for (let round = 0; round < rounds; round += 1) {
    const task = { id: crypto.randomUUID(), name: 'demo.count' };
    const { seq } = await appendEvent(first, task, started, 0);
    const results = await Promise.allSettled(
      contenders.map((event, i) => appendEvent(brokers[i % brokers.length] ?? first, task, event, seq)),
    );
    const refused = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []));
    expect(refused).toHaveLength(contenders.length - 1);
    for (const reason of refused) expect(isWrongLastSequence(reason), String(reason)).toBe(true);
  }
}

it('of writers of different kinds that follow the same event exactly one wins', async () => {
  const namespace = freshNamespace();
  const connections = await Promise.all([1, 2, 3, 4].map(() => connect({ servers: inject('natsUrl') })));
  const brokers = await Promise.all(connections.map(nc => createBroker(nc, createTopology(namespace))));
  const [first] = brokers;
  if (!first) throw new Error('a broker is needed');
  await ensureTopology(first);
  await race(brokers, 100);
  for await (const { config } of first.jsm.streams.list())
    if (config.name.toLowerCase().includes(namespace)) await first.jsm.streams.delete(config.name);
  await Promise.all(connections.map(nc => nc.close()));
});

it('the same in a cluster of three servers, each writer on another one', async () => {
  await using cluster = await startNatsCluster();
  const connections = await Promise.all(cluster.servers.map(({ url }) => connect({ servers: url })));
  const topology = createTopology('race', { replicas: 3 });
  const brokers = await Promise.all(connections.map(nc => createBroker(nc, topology)));
  const [first] = brokers;
  if (!first) throw new Error('a broker is needed');
  await ensureTopology(first);
  await race(brokers, 60);
  await Promise.all(connections.map(nc => nc.close()));
}, 120_000);
