import { highestPayloadLimitBytes, type JsonBreadthLimits } from '@longhaul/broker';
import { errorCatalogue } from '@longhaul/proto/wire';
import type { AnyTRPCRouter } from '@trpc/server';
import {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  fastify,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import type { Authenticate } from '../auth/authenticate.ts';
import { foreignRequestReason } from '../auth/loopback.ts';
import { callerErrorOf } from '../errors.ts';
import { LargeBodies } from '../largeBodies/largeBodies.ts';
import { keepBody, readLargeBodies } from '../largeBodies/readLargeBodies.ts';
import type { Admission } from '../protection/admission.ts';
import { countBodies } from '../protection/bodyBreadth.ts';
import type { Connections } from '../protection/connections.ts';
import type { NatsLink } from '../protection/natsLink.ts';
import type { OwnerStreams } from '../protection/ownerStreams.ts';
import type { ProtectionLimits } from '../protection/protectionOptions.ts';
import { addSecurityHeaders, allowOrigins } from '../protection/responseHeaders.ts';
import { discardUnreadRests, type RestLimits } from '../protection/unreadRests.ts';
import { docsPlugin } from '../rest/docs/docsPlugin.ts';
import { openApiDocument } from '../rest/openapi/document.ts';
import type { Operation } from '../rest/operation.ts';
import { sendProblem } from '../rest/problem.ts';
import { restPlugin, restPrefix } from '../rest/restPlugin.ts';
import { RequestIds } from '../telemetry/requestScope.ts';
import { type ConsoleOptions, consolePages } from './console.ts';
import { shapeOfPlainStart } from './directCalls.ts';
import { answerClientError, bodyRefusal, catalogueErrorShape } from './errorShape.ts';
import { KnownPaths } from './knownPaths.ts';
import { addMetricsRoute, type MetricsRoute } from './metricsRoute.ts';
import { lazyLogger, loggedRequest, observeRequests, type RequestLog } from './observeRequests.ts';
import { addTrpcRoutes } from './trpcRoutes.ts';

export type HttpOptions = {
  readonly router: AnyTRPCRouter;
  /** The operations of the REST API. */
  readonly operations: readonly Operation[];
  readonly logger: Logger;
  /** Admits or refuses every call. */
  readonly admission: Admission;
  /** Authenticates readers of the metrics. */
  readonly authenticate: Authenticate;
  readonly protection: ProtectionLimits;
  readonly connections: Connections;
  /** Whether the gateway has no authentication: then requests are served for programs of this machine only. */
  readonly isOpen: boolean;
  /** Why the gateway is not ready, or `undefined` when it is. */
  readonly notReadyReason: () => string | undefined;
  readonly stop: AbortSignal;
  /** The largest input of a task, in bytes. */
  readonly payloadLimitBytes: number;
  /** How many values and member names the JSON of one request may have. */
  readonly jsonBreadth: JsonBreadthLimits;
  /** Default: no console. */
  readonly console?: ConsoleOptions | undefined;
  readonly streams: OwnerStreams;
  readonly link: Pick<NatsLink, 'lost'>;
  readonly metrics: MetricsRoute;
  readonly requestLog: RequestLog;
  /** Gives the server that listens already (see `EarlyServer`), with its limits of headers and requests. */
  readonly serverFactory: FastifyServerFactory;
};

/** Bytes that a request may have beyond the largest input: other calls of a batch, and the syntax of JSON. */
const envelopeBytes = 2 * 1024 * 1024;
/** How much is read of a request after its refusal: as much as any body that a gateway can be set to take. */
const unreadRest: RestLimits = { bytes: highestPayloadLimitBytes, idleMs: 5_000, totalMs: 30_000 };
const healthPaths = new Set(['/healthz', '/readyz']);
/** The version of the REST API. A breaking change of its paths raises the first number. */
const apiVersion = '1.0.0';

/**
 * Creates the HTTP server: tRPC with batching, SSE and WebSocket at `/trpc`, REST at `/v1` with its description at
 * `/openapi.json` and `/docs`, metrics at `/metrics`, and health at `/healthz` and `/readyz`.
 */
export async function createHttpServer(options: HttpOptions) {
  const {
    router,
    operations,
    logger,
    admission,
    authenticate,
    protection,
    connections,
    notReadyReason,
    stop,
    streams,
  } = options;
  const bodyLimitBytes = options.payloadLimitBytes + envelopeBytes;
  // The type of the logger decides whether routes of other modules can be added to the server.
  const httpLogger: FastifyBaseLogger = logger.child(
    { part: 'http' },
    { serializers: { req: loggedRequest } },
  );
  const ids = new RequestIds();
  const server = fastify({
    genReqId: request => ids.of(request),
    requestIdHeader: false,
    // `observeRequests` writes the log line of a request.
    loggerInstance: httpLogger,
    childLoggerFactory: (parent, bindings, opts) => lazyLogger(parent, () => parent.child(bindings, opts)),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: bodyLimitBytes,
    trustProxy: protection.trustedProxies.length > 0 && [...protection.trustedProxies],
    serverFactory: options.serverFactory,
    // With the default of 100, a batch of long names would be answered 414.
    routerOptions: { maxParamLength: 5_000 },
    // Requests that are refused before a route is found: invalid escapes, path parameters that are too long.
    frameworkErrors: (error, _request, reply) => sendProblem(reply, error, logger),
    clientErrorHandler: answerClientError,
  });

  server.setErrorHandler<Error & { statusCode?: number }>(async (error, request, reply) => {
    const refusal = bodyRefusal(error, bodyLimitBytes);
    if (refusal)
      return reply.code(errorCatalogue[refusal.code].http).send({ error: catalogueErrorShape(refusal) });
    if ((error.statusCode ?? 500) < 500) throw error;
    // The message may contain secrets, so it goes to the log only.
    const shown = callerErrorOf(error, request.log);
    const status = shown.reason === 'INTERNAL' ? 500 : errorCatalogue[shown.reason].http;
    return reply.code(status).send({ error: shown });
  });
  // Without the query, which may contain credentials. Fastify's default answer repeats it.
  server.setNotFoundHandler(async ({ method, url }, reply) => {
    const message = `There is nothing at ${method} ${url.split('?', 1)[0]}.`;
    return reply.code(404).send({ error: { reason: 'UNKNOWN_PROCEDURE', message, issues: [] } });
  });

  connections.observe(server.server);
  server.addHook('onClose', async () => connections.stop());
  observeRequests(server, options.requestLog);
  const keeperOf = (request: FastifyRequest) => {
    const shape = request.routeOptions.config.bodyShape ?? shapeOfPlainStart(router, '/trpc/', request);
    return shape && ((chunks: readonly Buffer[]) => keepBody(request, { shape, chunks }));
  };
  const breadth = options.jsonBreadth;
  server.addHook('preParsing', countBodies({ breadth, limitBytes: bodyLimitBytes, keeperOf }));
  const largeBodies = new LargeBodies();
  readLargeBodies(server, largeBodies);
  server.addHook('onClose', () => largeBodies.close());
  discardUnreadRests(server, unreadRest);
  addSecurityHeaders(server, protection.trustedProxies.length > 0);
  await allowOrigins(server, protection.allowedOrigins, options.isOpen);
  await addTrpcRoutes(server, {
    router,
    admission,
    logger: httpLogger,
    ids,
    stop,
    streams,
    link: options.link,
    streamMaxMs: protection.streamMaxMs,
    bodyLimitBytes,
    jsonBreadth: breadth,
  });
  // After the hooks of the WebSocket plugin, which answers the upgrade requests that are refused here.
  if (options.isOpen) {
    server.addHook('onRequest', async (request, reply) => {
      const message = foreignRequestReason(request.headers);
      if (message !== undefined) await reply.code(403).send({ error: { reason: 'FORBIDDEN', message } });
    });
  }
  server.addHook('onRequest', async (request, reply) => {
    // REST answers this with a problem document.
    const isRest = request.url.startsWith(`${restPrefix}/`);
    if (stop.aborted && !healthPaths.has(request.url) && !isRest) {
      await reply
        .code(503)
        .header('retry-after', '1')
        .header('connection', 'close')
        .send({ error: { reason: 'SHUTTING_DOWN', message: errorCatalogue.SHUTTING_DOWN.advice } });
    }
  });

  const paths = new KnownPaths();
  paths.observe(server);
  server.addHook('onRequest', async (request, reply) => {
    // REST refuses it itself with a problem document, after it has authenticated the caller.
    if (!request.is404 || request.url.startsWith(`${restPrefix}/`)) return;
    const path = request.url.split('?', 1)[0] ?? '';
    const allow = paths.allowAt(path);
    if (allow === undefined) return;
    reply.header('allow', allow);
    if (request.method === 'OPTIONS') return reply.code(204).send();
    const error = {
      reason: 'METHOD_NOT_ALLOWED',
      message: `${path} supports only these methods: ${allow}.`,
      issues: [],
    };
    return reply.code(405).send({ error });
  });

  const callerOf = ({ headers: sent, ip: address }: FastifyRequest, reply: FastifyReply) =>
    admission.admit({
      credentials: { headers: sent },
      address,
      calls: 1,
      setHeaders: headers => reply.headers(headers),
    });
  await server.register(restPlugin, { prefix: restPrefix, operations, callerOf, paths, logger, stop });
  await server.register(docsPlugin, { describe: () => openApiDocument(operations, apiVersion) });
  addMetricsRoute(server, options.metrics, authenticate);
  if (options.console) await server.register(consolePages, options.console);
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const why = notReadyReason();
    if (why === undefined) return { status: 'ready' };
    return reply.code(503).header('retry-after', '1').send({ status: 'not ready', why });
  });
  return server;
}

export type HttpServer = Awaited<ReturnType<typeof createHttpServer>>;

/** How often idle connections are closed while the server waits for calls in flight. */
const closeIdleEveryMs = 50;

/**
 * Closes the server. Streams have been signalled to end before; calls in flight are answered; connections that are left
 * after `deadlineMs` milliseconds are closed.
 */
export async function closeHttpServer(http: HttpServer, deadlineMs: number): Promise<void> {
  const closing = setInterval(() => http.server.closeIdleConnections(), closeIdleEveryMs);
  const deadline = setTimeout(() => {
    http.server.closeAllConnections();
    for (const socket of http.websocketServer.clients) socket.terminate();
  }, deadlineMs);
  try {
    await http.close();
  } finally {
    clearInterval(closing);
    clearTimeout(deadline);
  }
}
