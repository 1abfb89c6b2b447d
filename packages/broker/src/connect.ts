import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { writeOncePerTurn } from './writeOncePerTurn.ts';

/** Where NATS is: a connection of yours, or what is needed to make one. */
export type NatsOptions = NatsConnection | ConnectOptions;
export type ConnectOptions = {
  /** URLs of one or more servers of the cluster. */
  readonly servers: string | readonly string[];
  /** Anything else that the NATS client takes (credentials, TLS, …). Reconnecting is set: for ever. */
  readonly options?: Omit<NodeConnectionOptions, 'servers'>;
};

/** A connection, and whether closing it is ours to do. */
export type OpenedConnection = { readonly nc: NatsConnection; readonly close: () => Promise<void> };

/**
 * Opens the connection of a service, or takes over the caller's.
 *
 * A connection of ours reconnects for ever and pings every 5 s, so that a dead peer is noticed in about 10 s; one of
 * the caller's is left open by `close`, and writes as it does by itself (see `writeOncePerTurn`).
 *
 * @param name what `nats server report connections` shows
 */
export async function openConnection(nats: NatsOptions, name: string): Promise<OpenedConnection> {
  if ('jetstream' in nats || 'publish' in nats) return { nc: nats as NatsConnection, close: async () => {} };
  const { servers, options } = nats;
  const nc = await connect({
    pingInterval: 5_000,
    maxPingOut: 2,
    // The client captures a stack trace with every request, for the case that it fails: an eighth of a gateway's time.
    noAsyncTraces: true,
    reconnectTimeWait: 100,
    reconnectJitter: 100,
    ...options,
    name,
    servers: typeof servers === 'string' ? servers.split(',').map(url => url.trim()) : [...servers],
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
  });
  const writeNow = writeOncePerTurn(nc);
  const close = async () => {
    // A close drops what has gathered: the answers of this very turn, for example.
    writeNow?.();
    await nc.close();
  };
  return { nc, close };
}
