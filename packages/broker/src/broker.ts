import type { Topology } from '@longhaul/proto';
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** The clients that all NATS I/O of one service goes through, and the names of what it talks to. */
export type Broker = {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly topology: Topology;
};

/** How long a request to JetStream may take before it counts as unanswered. */
const apiTimeoutMs = 5_000;

/** Makes the clients over one connection. */
export async function createBroker(nc: NatsConnection, topology: Topology): Promise<Broker> {
  const jsm = await jetstreamManager(nc, { timeout: apiTimeoutMs });
  return { nc, js: jetstream(nc, { timeout: apiTimeoutMs }), jsm, topology };
}
