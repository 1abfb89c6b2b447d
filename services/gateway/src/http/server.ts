import fastifyWebsocket from '@fastify/websocket';
import { errorCatalogue, GatewayError } from '@longhaul/proto';
import type { AnyTRPCRouter } from '@trpc/server';
import {
  type CreateFastifyContextOptions,
  type FastifyTRPCPluginOptions,
  fastifyTRPCPlugin,
} from '@trpc/server/adapters/fastify';
import { fastify, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Caller } from '../caller.ts';
import { type Context, toTrpcError } from '../rpc/trpc.ts';
import { bodyTooLargeAnswer, isBodyTooLarge } from './bodyTooLarge.ts';
import { type ConsoleOptions, consolePages } from './console.ts';

/** What the credentials of a request may be read from. */
export type Credentials = { readonly headers: Readonly<Record<string, string | string[] | undefined>> };
/** Says who calls; `undefined`: credentials are missing or wrong. */
export type Authenticate = (credentials: Credentials) => Caller | undefined | Promise<Caller | undefined>;

export type HttpOptions = {
  readonly router: AnyTRPCRouter;
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  /** Why the gateway is not ready, or `undefined` when it is. */
  readonly whyNotReady: () => string | undefined;
  readonly stop: AbortSignal;
  /** The largest input of a task, in bytes. */
  readonly payloadLimitBytes: number;
  /** Default: no console. */
  readonly console?: ConsoleOptions | undefined;
};

/** The most calls in one batch. */
const batchLimit = 100;
/** What one request may have beside its largest input: a batch's other calls, and room for how JSON is written. */
const besideInputBytes = 2 * 1024 * 1024;
const healthPaths = new Set(['/healthz', '/readyz']);

/** The HTTP side: tRPC with batching, SSE and WebSocket at `/trpc`, and health at `/healthz` and `/readyz`. */
export async function createHttpServer(options: HttpOptions) {
  const { router, logger, authenticate, whyNotReady, stop } = options;
  const bodyLimitBytes = options.payloadLimitBytes + besideInputBytes;
  const server = fastify({
    // A request line a call would cost a tenth of the throughput; what goes wrong is logged where it does.
    loggerInstance: logger.child({ part: 'http' }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    // With the default of 100, a batch of long names would be answered 414.
    routerOptions: { maxParamLength: 5_000 },
  });

  server.setErrorHandler(async (error, _request, reply) => {
    if (!isBodyTooLarge(error)) throw error;
    return reply.code(errorCatalogue.PAYLOAD_TOO_LARGE.http).send(bodyTooLargeAnswer(bodyLimitBytes));
  });

  const createContext = async ({ req }: CreateFastifyContextOptions): Promise<Context> => {
    const caller = await authenticate({ headers: req.headers });
    // A lone surrogate has no UTF-8, so two such owners could share a subject token.
    if (!caller?.owner.isWellFormed())
      throw toTrpcError(new GatewayError('UNAUTHENTICATED', 'Send credentials that the gateway knows.'));
    return { caller, logger, stop };
  };

  await server.register(fastifyWebsocket, { options: { maxPayload: bodyLimitBytes } });
  await server.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    useWSS: true,
    keepAlive: { enabled: true, pingMs: 15_000, pongWaitMs: 10_000 },
    trpcOptions: {
      router,
      createContext,
      allowBatching: true,
      maxBatchSize: batchLimit,
    } satisfies FastifyTRPCPluginOptions<AnyTRPCRouter>['trpcOptions'],
  });
  if (options.console) await server.register(consolePages, options.console);
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const why = whyNotReady();
    if (why === undefined) return { status: 'ready' };
    return reply.code(503).header('retry-after', '1').send({ status: 'not ready', why });
  });
  server.addHook('onRequest', async (request, reply) => {
    if (stop.aborted && !healthPaths.has(request.url)) {
      await reply
        .code(503)
        .header('retry-after', '1')
        .header('connection', 'close')
        .send({ error: { reason: 'SHUTTING_DOWN', message: errorCatalogue.SHUTTING_DOWN.advice } });
    }
  });
  return server;
}

export type HttpServer = Awaited<ReturnType<typeof createHttpServer>>;

/** How often idle connections are closed while calls in flight are waited for. */
const idleSweepMs = 50;

/**
 * Closes the server: streams have been told to end by then, calls in flight are answered, and what is left after
 * `deadlineMs` is cut off.
 */
export async function closeHttpServer(http: HttpServer, deadlineMs: number): Promise<void> {
  const sweep = setInterval(() => http.server.closeIdleConnections(), idleSweepMs);
  const deadline = setTimeout(() => {
    http.server.closeAllConnections();
    for (const socket of http.websocketServer.clients) socket.terminate();
  }, deadlineMs);
  try {
    await http.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(deadline);
  }
}
