import fastifyWebsocket from '@fastify/websocket';
import { errorCatalogue } from '@longhaul/proto';
import type { AnyTRPCRouter } from '@trpc/server';
import {
  type CreateFastifyContextOptions,
  type FastifyTRPCPluginOptions,
  fastifyTRPCPlugin,
} from '@trpc/server/adapters/fastify';
import { fastify, LogController } from 'fastify';
import type { Logger } from 'pino';
import { type Authenticate, identify } from '../auth/authenticate.ts';
import type { Credentials } from '../auth/credentials.ts';
import { whyForeign } from '../auth/loopback.ts';
import { SocketCredentials } from '../auth/socketCredentials.ts';
import type { Caller } from '../caller.ts';
import { docsPlugin } from '../rest/docs/docsPlugin.ts';
import { openApiDocument } from '../rest/openapi/document.ts';
import type { Operation } from '../rest/operation.ts';
import { restPlugin, restPrefix } from '../rest/restPlugin.ts';
import { sendProblem } from '../rest/sendProblem.ts';
import { type Context, toTrpcError } from '../rpc/trpc.ts';
import { bodyTooLargeAnswer, isBodyTooLarge } from './bodyTooLarge.ts';
import { answerClientError } from './clientError.ts';
import { answerPlainCalls } from './directCalls.ts';
import { loggedRequest } from './loggedRequest.ts';

export type HttpOptions = {
  readonly router: AnyTRPCRouter;
  /** What REST serves. */
  readonly operations: readonly Operation[];
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  /** Nobody is asked who they are: requests from elsewhere than this machine's own programs are refused. */
  readonly isOpen: boolean;
  /** Why the gateway is not ready, or `undefined` when it is. */
  readonly whyNotReady: () => string | undefined;
  readonly stop: AbortSignal;
  /** The largest input of a task, in bytes. */
  readonly payloadLimitBytes: number;
};

/** The most calls in one batch. */
const batchLimit = 100;
/** What one request may have beside its largest input: a batch's other calls, and room for how JSON is written. */
const besideInputBytes = 2 * 1024 * 1024;
const healthPaths = new Set(['/healthz', '/readyz']);
/** Of the REST façade: what its paths mean changes with the second. */
const apiVersion = '1.0.0';

/**
 * The HTTP side: tRPC with batching, SSE and WebSocket at `/trpc`, REST at `/v1` with its description at
 * `/openapi.json` and `/docs`, and health at `/healthz` and `/readyz`.
 */
export async function createHttpServer(options: HttpOptions) {
  const { router, operations, logger, authenticate, whyNotReady, stop } = options;
  const bodyLimitBytes = options.payloadLimitBytes + besideInputBytes;
  const server = fastify({
    // A request line a call would cost a tenth of the throughput; what goes wrong is logged where it does.
    loggerInstance: logger.child({ part: 'http' }, { serializers: { req: loggedRequest } }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyLimitBytes,
    // With the default of 100, a batch of long names would be answered 414.
    routerOptions: { maxParamLength: 5_000 },
    // What is refused before a route is found: escapes that are none, parts that are too long.
    frameworkErrors: (error, _request, reply) => sendProblem(reply, error, logger),
    clientErrorHandler: answerClientError,
  });

  server.setErrorHandler(async (error, _request, reply) => {
    if (!isBodyTooLarge(error)) throw error;
    return reply.code(errorCatalogue.PAYLOAD_TOO_LARGE.http).send(bodyTooLargeAnswer(bodyLimitBytes));
  });

  await server.register(fastifyWebsocket, { options: { maxPayload: bodyLimitBytes } });
  const sockets = new SocketCredentials();
  server.websocketServer.on('connection', socket => sockets.opened(socket));

  const callerOf = ({ headers }: Credentials): Promise<Caller> => identify(authenticate, { headers });
  const contextOf = async (credentials: Credentials): Promise<Context> => {
    const caller = await identify(authenticate, credentials).catch((error: unknown) => {
      throw toTrpcError(error);
    });
    return { caller, logger, stop };
  };
  const createContext = async ({ req, res, info }: CreateFastifyContextOptions): Promise<Context> => {
    const { connectionParams } = info;
    const context = await contextOf({ headers: req.headers, connectionParams });
    // For a WebSocket, tRPC gives that in the place of the reply.
    sockets.known(res, context.caller);
    return context;
  };

  server.addHook('preHandler', answerPlainCalls(router, '/trpc/', contextOf));
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
  await server.register(restPlugin, { prefix: restPrefix, operations, callerOf, logger, stop });
  await server.register(docsPlugin, { document: openApiDocument(operations, apiVersion) });
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const why = whyNotReady();
    if (why === undefined) return { status: 'ready' };
    return reply.code(503).header('retry-after', '1').send({ status: 'not ready', why });
  });
  if (options.isOpen) {
    server.addHook('onRequest', async (request, reply) => {
      const message = whyForeign(request.headers);
      if (message !== undefined) await reply.code(403).send({ error: { reason: 'FORBIDDEN', message } });
    });
  }
  server.addHook('onRequest', async (request, reply) => {
    // REST says it in its own words.
    const isRest = request.url.startsWith(`${restPrefix}/`);
    if (stop.aborted && !healthPaths.has(request.url) && !isRest) {
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
