import { lookup } from 'node:dns/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { GatewayError } from '@longhaul/proto/wire';
import { listenFailure } from '@longhaul/runtime';
import type { FastifyServerFactory } from 'fastify';
import { acceptBacklog } from '../protection/connections.ts';
import type { ProtectionLimits } from '../protection/protectionOptions.ts';
import { problemOf, problemType } from '../rest/problem.ts';
import { catalogueErrorShape } from './errorShape.ts';

/** The largest size of the request line and all headers. */
const headLimitBytes = 16 * 1024;

type Address = { readonly host: string; readonly port: number };
/** Where its address comes from. */
const settings = { host: 'host (HOST)', port: 'port (PORT)' };
type Limits = Pick<ProtectionLimits, 'headersTimeoutMs' | 'requestTimeoutMs' | 'connections'>;
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * The HTTP server of a gateway. It listens from the gateway's first moment, before there is anything to serve: a start may
 * have to wait for NATS, and callers must be told so, by `/readyz` and by an error that says to come back. Once the
 * gateway is ready, the same server passes requests to Fastify, so that no connection is refused in between.
 */
export class EarlyServer {
  readonly #server: Server;
  #why = 'The gateway is starting.';
  #handler: Handler = (request, response) => this.#answer(request, response);

  private constructor(limits: Limits) {
    this.#server = createServer(
      {
        headersTimeout: limits.headersTimeoutMs,
        maxHeaderSize: headLimitBytes,
        // By default Node checks the timeouts twice a minute, regardless of their length.
        connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs, 4_000) / 4,
        requestTimeout: limits.requestTimeoutMs,
      },
      (request, response) => this.#handler(request, response),
    );
    this.#server.maxConnections = limits.connections;
  }

  /**
   * Begins to listen.
   * @throws ListenError: the port is taken, the address is not this machine's
   */
  static async open({ host, port }: Address, limits: Limits): Promise<EarlyServer> {
    const early = new EarlyServer(limits);
    const server = early.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', cause => reject(listenFailure(cause, 'the gateway', { host, port }, settings)));
      server.listen({ host, port, backlog: acceptBacklog }, () => {
        server.removeAllListeners('error');
        resolve();
      });
    });
    if (host === 'localhost') await listenAtOthers(server);
    return early;
  }

  /** Sets what the start waits for; `undefined`: for nothing of others. */
  waitsFor(why: string | undefined): void {
    this.#why = `The gateway is starting.${why === undefined ? '' : ` ${why}`}`;
  }

  /**
   * Has Fastify use this server. Fastify says when its routes are ready by its call of `listen`; the server listens already,
   * so that call hands requests over, and reports what Fastify waits for.
   */
  readonly factory: FastifyServerFactory = (handler, { keepAliveTimeout }) => {
    const server = this.#server;
    server.keepAliveTimeout = Number(keepAliveTimeout);
    const listen = () => {
      this.#handler = handler;
      process.nextTick(() => server.emit('listening'));
      return server;
    };
    return Object.assign(server, { listen });
  };

  /** Closes it where Fastify has not. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** After the body, which nobody reads: else the connection is reset before a client that still sends reads its answer. */
  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url?.split('?', 1)[0] ?? '';
    const { status, type, body } = path === '/healthz' ? healthy : this.#refusal(path);
    request.resume();
    request.once('end', () => {
      response.writeHead(status, {
        'content-type': type,
        'content-length': Buffer.byteLength(body),
        // The next request may be one for the gateway that is ready.
        connection: 'close',
        ...(status === 200 ? {} : { 'retry-after': '1' }),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
  }

  /** As the façade that is asked refuses calls. */
  #refusal(path: string): { readonly status: number; readonly type: string; readonly body: string } {
    const status = 503;
    const message = `${this.#why} Try again in a moment.`;
    const error = new GatewayError('NATS_UNAVAILABLE', message);
    const refused = { reason: error.code, message, issues: [] };
    if (path === '/readyz')
      return { status, type: json, body: JSON.stringify({ status: 'not ready', why: this.#why }) };
    if (path.startsWith('/v1/'))
      return { status, type: problemType, body: `${JSON.stringify(problemOf(refused, error, []))}\n` };
    const shown = path.startsWith('/trpc/') ? catalogueErrorShape(error) : refused;
    return { status, type: json, body: JSON.stringify({ error: shown }) };
  }
}

const json = 'application/json; charset=utf-8';
const healthy = { status: 200, type: json, body: '{"status":"ok"}' };

/** `localhost` is 127.0.0.1 and ::1, and a server listens at one address: the others hand their connections to it. */
async function listenAtOthers(server: Server): Promise<void> {
  const listening = server.address();
  if (typeof listening !== 'object' || listening === null) return;
  const all = await lookup('localhost', { all: true });
  const others = all.filter(({ address }) => address !== listening.address);
  await Promise.all(
    others.map(
      ({ address: host }) =>
        new Promise<void>(resolve => {
          const other = createTcpServer({ allowHalfOpen: true, noDelay: true }, socket =>
            server.emit('connection', socket),
          );
          server.once('close', () => other.close());
          // The machine may have the name without the address: the one that is listened at is enough.
          other.once('error', () => resolve());
          other.listen({ host, port: listening.port, backlog: acceptBacklog }, resolve);
        }),
    ),
  );
}
