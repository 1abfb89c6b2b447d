import type { IncomingMessage } from 'node:http';
import fastifyWebsocket from '@fastify/websocket';
import { errorCatalogue, GatewayError } from '@longhaul/proto';
import type { AnyTRPCRouter } from '@trpc/server';
import {
  type CreateFastifyContextOptions,
  type FastifyTRPCPluginOptions,
  fastifyTRPCPlugin,
} from '@trpc/server/adapters/fastify';
import { type FastifyBaseLogger, fastify, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Caller } from '../caller.ts';
import { type Context, faultOf, toTrpcError } from '../rpc/trpc.ts';
import { bodyTooLargeAnswer, isBodyTooLarge } from './bodyTooLarge.ts';
import { type ConsoleOptions, consolePages } from './console.ts';
import { addMetricsRoute, type MetricsRoute } from './metricsRoute.ts';
import { observeRequests, type RequestLog } from './observeRequests.ts';
import { RequestIds } from './requestId.ts';

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
  /** Counts the subscriptions that are open. */
  readonly streams: { open: number };
  readonly metrics: MetricsRoute;
  readonly requestLog: RequestLog;
};

/** The most calls in one batch. */
const batchLimit = 100;
/** What one request may have beside its largest input: a batch's other calls, and room for how JSON is written. */
const besideInputBytes = 2 * 1024 * 1024;
const healthPaths = new Set(['/healthz', '/readyz']);

/** The HTTP side: tRPC with batching, SSE and WebSocket at `/trpc`, and health at `/healthz` and `/readyz`. */
export async function createHttpServer(options: HttpOptions) {
  const { router, logger, authenticate, whyNotReady, stop, streams } = options;
  const bodyLimitBytes = options.payloadLimitBytes + besideInputBytes;
  // By this type routes of other modules can be added to the server.
  const httpLogger: FastifyBaseLogger = logger.child({ part: 'http' });
  const ids = new RequestIds();
  const server = fastify({
    genReqId: request => ids.of(request),
    requestIdHeader: false,
    // See `observeRequests` for the log's line of a request.
    loggerInstance: httpLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: bodyLimitBytes,
    // With the default of 100, a batch of long names would be answered 414.
    routerOptions: { maxParamLength: 5_000 },
  });

  server.setErrorHandler<Error & { statusCode?: number }>(async (error, request, reply) => {
    if (isBodyTooLarge(error))
      return reply.code(errorCatalogue.PAYLOAD_TOO_LARGE.http).send(bodyTooLargeAnswer(bodyLimitBytes));
    if ((error.statusCode ?? 500) < 500) throw error;
    // Its message may hold anything: it is for the log.
    const fault = faultOf(error, request.log);
    const status = fault.reason === 'INTERNAL' ? 500 : errorCatalogue[fault.reason].http;
    return reply.code(status).send({ error: fault });
  });

  // Without the query, which Fastify's own answer repeats: credentials may stand there.
  server.setNotFoundHandler(async ({ method, url }, reply) => {
    const message = `There is nothing at ${method} ${url.split('?', 1)[0]}.`;
    return reply.code(404).send({ error: { reason: 'UNKNOWN_PROCEDURE', message, issues: [] } });
  });

  observeRequests(server, options.requestLog);
  const createContext = async ({ req }: CreateFastifyContextOptions): Promise<Context> => {
    // Of a WebSocket, Node's own request comes here, whatever the type says.
    const requestId = ids.of(req.raw ?? req);
    const log = req.log ?? httpLogger.child({ requestId });
    const { traceparent } = req.headers;
    const scope = { requestId, traceparent: typeof traceparent === 'string' ? traceparent : undefined };
    try {
      const caller = await authenticate({ headers: req.headers });
      // A lone surrogate has no UTF-8, so two such owners could share a subject token.
      if (!caller?.owner.isWellFormed())
        throw new GatewayError('UNAUTHENTICATED', 'Send credentials that the gateway knows.');
      return { caller, logger: log, stop, streams, scope };
    } catch (error) {
      // Without a context tRPC's own error handling has no log to write to.
      if (!(error instanceof GatewayError)) log.error({ err: error }, 'a caller could not be authenticated');
      throw toTrpcError(error);
    }
  };

  await server.register(fastifyWebsocket, { options: { maxPayload: bodyLimitBytes } });
  server.websocketServer.on('headers', (lines: string[], request: IncomingMessage) =>
    lines.push(`x-request-id: ${ids.of(request)}`),
  );
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
  addMetricsRoute(server, options.metrics, authenticate);
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
