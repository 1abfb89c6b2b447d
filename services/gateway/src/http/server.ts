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
import { docsPlugin } from '../rest/docs/docsPlugin.ts';
import { openApiDocument } from '../rest/openapi/document.ts';
import type { Operation } from '../rest/operation.ts';
import { restPlugin, restPrefix } from '../rest/restPlugin.ts';
import { sendProblem } from '../rest/sendProblem.ts';
import { type Context, toTrpcError } from '../rpc/trpc.ts';
import { bodyTooLargeAnswer, isBodyTooLarge } from './bodyTooLarge.ts';
import { answerClientError } from './clientError.ts';

/** What the credentials of a request may be read from. */
export type Credentials = { readonly headers: Readonly<Record<string, string | string[] | undefined>> };
/** Says who calls; `undefined`: credentials are missing or wrong. */
export type Authenticate = (credentials: Credentials) => Caller | undefined | Promise<Caller | undefined>;

export type HttpOptions = {
  readonly router: AnyTRPCRouter;
  /** What REST serves. */
  readonly operations: readonly Operation[];
  readonly logger: Logger;
  readonly authenticate: Authenticate;
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
    loggerInstance: logger.child({ part: 'http' }),
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

  const callerOf = async ({ headers }: Credentials): Promise<Caller> => {
    const caller = await authenticate({ headers });
    // A lone surrogate has no UTF-8, so two such owners could share a subject token.
    if (caller?.owner.isWellFormed()) return caller;
    throw new GatewayError('UNAUTHENTICATED', 'Send credentials that the gateway knows.');
  };
  const createContext = async ({ req }: CreateFastifyContextOptions): Promise<Context> => {
    const caller = await callerOf(req).catch((error: unknown) => {
      throw toTrpcError(error);
    });
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
  await server.register(restPlugin, { prefix: restPrefix, operations, callerOf, logger, stop });
  await server.register(docsPlugin, { describe: () => openApiDocument(operations, apiVersion) });
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const why = whyNotReady();
    if (why === undefined) return { status: 'ready' };
    return reply.code(503).header('retry-after', '1').send({ status: 'not ready', why });
  });
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
