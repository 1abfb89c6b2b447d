import type { CommandRole, Topology } from '@longhaul/proto/wire';
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { createInbox } from '@nats-io/nats-core';
import type { NatsConnection } from '@nats-io/transport-node';
import { AckedPublisher } from './ackedPublisher.ts';
import { PayloadStore, type PayloadStoreOptions } from './payloadStore.ts';
import { Reconnections } from './reconnections.ts';
import { ServerClock } from './serverClock.ts';
import { jetStreamFailure, requireVersion } from './startErrors.ts';

/** The clients that all NATS I/O of one service goes through, and the names of what it talks to. */
export type Broker = {
  /** The connection. */
  readonly nc: NatsConnection;
  /** Publishes to streams and pulls from consumers. */
  readonly js: JetStreamClient;
  /** Manages streams and consumers, and reads streams. */
  readonly jsm: JetStreamManager;
  /** For what is published on every task's way: cheaper than `js.publish`. */
  readonly acked: AckedPublisher;
  /** For what is asked otherwise: ends the wait for an answer that cannot come any more. */
  readonly reconnections: Reconnections;
  /** The names of streams, buckets and subjects, and how they are configured. */
  readonly topology: Topology;
  /** The time of the server, by which services compare and write times. */
  readonly clock: ServerClock;
  /** What this service is to others: who its commands come from. */
  readonly role: CommandRole;
  /** What the ids of keyed tasks are made with; gateways alone have it (see `IdSecret`). */
  readonly idSecret?: Uint8Array;
  /** A subject for answers that no other process listens to, and that the connection's user may listen to. */
  readonly newInbox: () => string;
  /** Large inputs and outputs. */
  readonly payloads: PayloadStore;
};

/** Options of {@link createBroker}. */
export type BrokerOptions = PayloadStoreOptions & {
  /** Who this service is. Default: a gateway. */
  readonly role?: CommandRole;
};

/** How long a request to JetStream may take before it counts as unanswered. */
const apiTimeoutMs = 5_000;

/**
 * Makes the clients over one connection.
 * @throws RangeError when the limit of payloads is no number of bytes in range; NatsStartError when the server
 *   has no JetStream, or is too old
 */
export async function createBroker(
  nc: NatsConnection,
  topology: Topology,
  options: BrokerOptions = {},
): Promise<Broker> {
  requireVersion(nc);
  const jsm = await jetstreamManager(nc, { timeout: apiTimeoutMs }).catch((cause: unknown) => {
    throw jetStreamFailure(cause, nc.getServer());
  });
  const js = jetstream(nc, { timeout: apiTimeoutMs });
  const newInbox = () => createInbox(inboxPrefixOf(nc));
  const reconnections = new Reconnections(nc);
  followElections(nc, topology, reconnections);
  const acked = new AckedPublisher(nc, newInbox(), apiTimeoutMs, reconnections);
  const { role = 'gateway' } = options;
  const payloads = new PayloadStore(js, jsm, topology, options);
  const clock = new ServerClock();
  return { nc, js, jsm, acked, reconnections, topology, clock, role, newInbox, payloads };
}

/** A user who may not listen is not told: what is sent to a leader that fails is then waited for until its time limit. */
function followElections(nc: NatsConnection, topology: Topology, reconnections: Reconnections): void {
  for (const stream of [topology.requestStream, topology.eventStream])
    nc.subscribe(`$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.${stream}`, {
      callback: error => {
        if (!error) reconnections.leaderElected();
      },
    });
}

/** The client keeps its options beside its public face; its own JetStream packages read the prefix from there. */
function inboxPrefixOf(nc: NatsConnection): string | undefined {
  const { options } = nc as { readonly options?: { readonly inboxPrefix?: string } };
  return options?.inboxPrefix;
}
