import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NatsServerProcess, startNatsServer } from '@longhaul/nats-server';
import { within } from '@longhaul/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';

/** nats-servers with JetStream on loopback that form a cluster. */
export type NatsCluster = {
  /** The servers; each can be killed and started again. */
  readonly servers: readonly NatsServerProcess[];
  /** The addresses of all of them, as `NATS_URL` takes them. */
  readonly url: string;
  /** Resolves when all servers have met again, so that a stream can have a replica on each. */
  readonly whole: () => Promise<void>;
  /** Stops the servers and removes their data. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/**
 * Starts a cluster and waits until its JetStream has a leader.
 *
 * @param size how many servers. Default: 3
 */
export async function startNatsCluster(size = 3): Promise<NatsCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'longhaul-cluster-'));
  const ports = await freePorts(2 * size);
  const routes = ports.slice(0, size).map(port => `nats-route://127.0.0.1:${port}`);
  const start = (index: number) =>
    startNatsServer({
      dataDir: join(folder, String(index)),
      port: ports[size + index] ?? -1,
      // A server that is asked to leave (SIGUSR2) is gone within seconds.
      configText: `server_name: n${index}\nserver_tags: ["node:${index}"]\nlame_duck_duration: "30s"\nlame_duck_grace_period: "1s"\ncluster { name: longhaul, listen: "127.0.0.1:${ports[index]}", routes: [${routes.join(', ')}] }`,
    });
  const servers = await Promise.all(ports.slice(0, size).map((_port, index) => start(index)));
  const url = servers.map(server => server.url).join(',');
  const whole = () => within('a leader of the cluster', untilLed(url, size), 60_000);
  await whole();
  return {
    servers,
    url,
    whole,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map(server => server.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** JetStream takes a stream with a replica on each server once all have met. */
async function untilLed(url: string, size: number): Promise<void> {
  const nc = await connect({ servers: url.split(',') });
  try {
    for (;;) {
      try {
        const jsm = await jetstreamManager(nc, { timeout: 2_000 });
        await jsm.streams.add({ name: 'LED', subjects: ['led'], num_replicas: size });
        await jsm.streams.delete('LED');
        return;
      } catch {
        await new Promise(resolve => setTimeout(resolve, 100));
      }
    }
  } finally {
    await nc.close();
  }
}

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
