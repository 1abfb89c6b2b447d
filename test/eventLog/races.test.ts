import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  appendEvent,
  type Broker,
  createBroker,
  ensureTopology,
  isWrongLastSequence,
} from '@longhaul/broker';
import { startNatsServer } from '@longhaul/nats-server';
import { createTopology, type TaskEvent } from '@longhaul/proto/wire';
import { freshNamespace, within } from '@longhaul/testing';
import { taskEvent } from '@longhaul/testkit';
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

/** Ports that are free now. */
async function freePorts(count: number): Promise<number[]> {
  const listening = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      return { server, port: typeof address === 'object' && address ? address.port : 0 };
    }),
  );
  await Promise.all(listening.map(({ server }) => new Promise(resolve => server.close(resolve))));
  return listening.map(({ port }) => port);
}

it('the same in a cluster of three servers, each writer on another one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'longhaul-cluster-'));
  const ports = await freePorts(3);
  const routes = ports.map(port => `nats-route://127.0.0.1:${port}`).join(', ');
  const servers = await Promise.all(
    ports.map((port, i) =>
      startNatsServer({
        dataDir: join(folder, String(i)),
        configText: `server_name: n${i}\ncluster { name: race, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      }),
    ),
  );
  try {
    const connections = await Promise.all(servers.map(({ url }) => connect({ servers: url })));
    // JetStream is there once the three have chosen a leader.
    const brokers = await within(
      'a leader',
      Promise.all(connections.map(nc => untilThere(() => createBroker(nc, createTopology('race'))))),
    );
    const [first] = brokers;
    if (!first) throw new Error('a broker is needed');
    const { events } = first.topology.streams;
    const config = { ...events, subjects: [...events.subjects], num_replicas: 3 } as never;
    await within(
      'the stream',
      untilThere(() => first.jsm.streams.add(config)),
    );
    await race(brokers, 60);
    await Promise.all(connections.map(nc => nc.close()));
  } finally {
    await Promise.all(servers.map(server => server.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

async function untilThere<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch {
      await new Promise(resolve => setTimeout(resolve, 200));
    }
  }
}
