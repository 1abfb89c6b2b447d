import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { type NatsCredentials, type NatsTls, securityOptions } from './credentials.ts';
import { connectFailure } from './startErrors.ts';
import { writeOncePerTurn } from './writeOncePerTurn.ts';

/** Where NATS is: a connection of yours, or what is needed to make one. */
export type NatsOptions = NatsConnection | ConnectOptions;
/** What is needed to make a connection to NATS. */
export type ConnectOptions = {
  /** URLs of one or more servers of the cluster. */
  readonly servers: string | readonly string[];
  /** Default: none. */
  readonly credentials?: NatsCredentials;
  /** Default: as the server wants it, with the certificates that Node.js trusts. */
  readonly tls?: NatsTls;
  /** The first part of the subjects that answers go to: of a user who may listen to its own only. Default: `_INBOX`. */
  readonly inboxPrefix?: string;
  /** Anything else that the NATS client takes. Reconnecting is set: for ever. */
  readonly options?: Omit<NodeConnectionOptions, 'servers'>;
};

/** A connection, and whether closing it is ours to do. */
export type OpenedConnection = {
  /** The connection. */
  readonly nc: NatsConnection;
  /** Writes what has gathered to the socket, at once: also where no turn of the event loop follows (`process.exit`). */
  readonly writeNow: () => void;
  /** Closes it, where it is ours: what was published is sent first. */
  readonly close: () => Promise<void>;
};

/**
 * Opens the connection of a service, or takes over the caller's.
 *
 * A connection of ours reconnects for ever and pings, so that a dead peer is noticed within three intervals; one of
 * the caller's is left open by `close`, and writes as it does by itself (see `writeOncePerTurn`).
 *
 * @param name the name of the connection, which nats-server lists
 * @param pingIntervalMs how often it pings, in milliseconds
 * @throws NatsCredentialsError when the server does not take the credentials; NatsStartError when it is not there
 */
export async function openConnection(
  nats: NatsOptions,
  name: string,
  pingIntervalMs = 2_000,
): Promise<OpenedConnection> {
  if ('jetstream' in nats || 'publish' in nats) {
    const nc = nats as NatsConnection;
    return { nc, writeNow: () => flush(nc), close: async () => {} };
  }
  const { servers, credentials, tls, inboxPrefix, options } = nats;
  const connecting = connect({
    pingInterval: pingIntervalMs,
    maxPingOut: 2,
    // The client captures a stack trace with every request, for the case that it fails: an eighth of a gateway's time.
    noAsyncTraces: true,
    reconnectTimeWait: 100,
    reconnectJitter: 100,
    // By itself the client first dials the server that it has just lost, and waits up to 20 s for one that is frozen.
    reconnectToServer: leastRecent,
    ...securityOptions(credentials, tls),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    ...options,
    name,
    servers: typeof servers === 'string' ? servers.split(',').map(url => url.trim()) : [...servers],
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
  });
  const nc = await connecting.catch((cause: unknown) => {
    throw connectFailure(cause, servers);
  });
  const writeNow = writeOncePerTurn(nc) ?? (() => flush(nc));
  const close = async () => {
    // A close drops what has gathered: the answers of this very turn, for example.
    writeNow();
    await nc.close();
  };
  return { nc, writeNow, close };
}

/** The server that was dialed the longest ago. `null`: none was dialed yet, so the client chooses. */
function leastRecent<S extends { readonly lastConnect: number }>(servers: readonly S[]): S | null {
  if (servers.every(({ lastConnect }) => lastConnect === 0)) return null;
  return servers.reduce<S | null>(
    (best, server) => (best === null || server.lastConnect < best.lastConnect ? server : best),
    null,
  );
}

/** The client writes when it is asked for a pong, which is not awaited here. */
function flush(nc: NatsConnection): void {
  if (!nc.isClosed()) nc.flush().catch(() => {});
}
