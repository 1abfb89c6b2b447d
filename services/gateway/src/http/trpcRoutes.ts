import type { IncomingMessage } from 'node:http';
import fastifyWebsocket from '@fastify/websocket';
import type { JsonBreadthLimits } from '@longhaul/broker';
import type { AnyTRPCRouter } from '@trpc/server';
import {
  type CreateFastifyContextOptions,
  type FastifyTRPCPluginOptions,
  fastifyTRPCPlugin,
} from '@trpc/server/adapters/fastify';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { Credentials } from '../auth/credentials.ts';
import { SocketCredentials } from '../auth/socketCredentials.ts';
import { retryAfterSeconds } from '../errors.ts';
import type { Admission } from '../protection/admission.ts';
import { otherLimitBytes } from '../protection/bodyBreadth.ts';
import { countedSockets } from '../protection/countedSocket.ts';
import type { NatsLink } from '../protection/natsLink.ts';
import type { OwnerStreams } from '../protection/ownerStreams.ts';
import { SocketBackpressure } from '../protection/socketBackpressure.ts';
import { type Context, toTrpcError } from '../rpc/trpc.ts';
import type { RequestIds } from '../telemetry/requestScope.ts';
import { answerPlainCalls } from './directCalls.ts';

/** A larger message closes its socket (1009). Up to this size, its calls are answered with an error. */
const socketLimitBytes = 2 * otherLimitBytes;
/** How many calls one batch may have. */
const batchLimit = 100;

export type TrpcRoutesOptions = {
  readonly router: AnyTRPCRouter;
  readonly admission: Admission;
  readonly logger: FastifyBaseLogger;
  readonly ids: RequestIds;
  readonly stop: AbortSignal;
  readonly streams: OwnerStreams;
  readonly link: Pick<NatsLink, 'lost'>;
  readonly streamMaxMs: number;
  readonly bodyLimitBytes: number;
  readonly jsonBreadth: JsonBreadthLimits;
};

/** What a request's context is made of, besides its headers. */
type ContextParts = {
  readonly calls: number;
  readonly address: string;
  readonly connectionParams?: Credentials['connectionParams'];
  /** Over HTTP: receives the `RateLimit` headers. */
  readonly reply?: FastifyReply;
};

/** tRPC at `/trpc`: plain calls, batches, SSE and WebSockets. */
export async function addTrpcRoutes(server: FastifyInstance, options: TrpcRoutesOptions): Promise<void> {
  const { router, admission, logger, ids, stop, streams, link, streamMaxMs, bodyLimitBytes, jsonBreadth } =
    options;

  const contextOf = async (
    request: Pick<FastifyRequest, 'headers'> & {
      readonly raw?: IncomingMessage;
      readonly log?: FastifyBaseLogger;
    },
    { calls, connectionParams = null, address, reply }: ContextParts,
  ): Promise<Context> => {
    const { headers } = request;
    // For a WebSocket this is Node's own request, in spite of the type.
    const requestId = ids.of(request.raw ?? (request as IncomingMessage));
    const log = request.log ?? logger.child({ requestId });
    const { traceparent } = headers;
    const scope = { requestId, traceparent: typeof traceparent === 'string' ? traceparent : undefined };
    try {
      const caller = await admission.admit({
        credentials: { headers, connectionParams },
        address,
        calls,
        setHeaders: limits => reply?.headers(limits),
      });
      return { caller, logger: log, stop, streams, link, streamMaxMs, scope };
    } catch (error) {
      const seconds = retryAfterSeconds(error);
      if (seconds !== undefined) reply?.header('retry-after', String(seconds));
      const refusal = toTrpcError(error);
      // Without a context tRPC's error handling has no logger.
      if (refusal.code === 'INTERNAL_SERVER_ERROR')
        log.error({ err: error }, 'a caller could not be authenticated');
      throw refusal;
    }
  };

  await server.register(fastifyWebsocket, {
    options: {
      maxPayload: Math.min(bodyLimitBytes, socketLimitBytes),
      WebSocket: countedSockets(jsonBreadth),
    },
  });
  const sockets = new SocketCredentials();
  const backpressures = new WeakMap<object, SocketBackpressure>();
  const addresses = new WeakMap<IncomingMessage, string>();
  server.addHook('onRequest', (request, _reply, done) => {
    // The address that a trusted proxy reported, which Node's own request does not have.
    if (request.ws) addresses.set(request.raw, request.ip);
    done();
  });
  server.websocketServer.on('connection', (socket, request: IncomingMessage) => {
    sockets.opened(socket);
    backpressures.set(socket, new SocketBackpressure(socket, request.socket, 2 * bodyLimitBytes));
  });
  server.websocketServer.on('headers', (lines: string[], request: IncomingMessage) =>
    lines.push(`x-request-id: ${ids.of(request)}`),
  );
  const contextOfCall = (request: FastifyRequest, reply: FastifyReply) =>
    contextOf(request, { calls: 1, address: request.ip, reply });
  server.addHook('preHandler', answerPlainCalls(router, '/trpc/', contextOfCall));
  const contextOfRequest = (
    request: FastifyRequest,
    reply: FastifyReply,
    { calls, connectionParams, type }: CreateFastifyContextOptions['info'],
  ) => {
    // The end of the stream ends the connection, also where the client is gone and cannot close it.
    if (type === 'subscription') reply.header('connection', 'close');
    return contextOf(request, { calls: calls.length, connectionParams, address: request.ip, reply });
  };
  const contextOfSocket = async (
    request: IncomingMessage,
    socket: WebSocket,
    connectionParams: Credentials['connectionParams'] = null,
  ): Promise<Context> => {
    const address = addresses.get(request) ?? request.socket.remoteAddress ?? '';
    // The calls of a WebSocket are counted one by one, in `admitKnown`.
    const context = await contextOf(request, { calls: 0, connectionParams, address });
    const { caller } = context;
    sockets.known(socket, caller);
    try {
      const permit = streams.acquire(caller.owner, 'webSocket');
      socket.once('close', () => permit[Symbol.dispose]());
      // The socket may have closed during authentication.
      if (socket.readyState !== socket.OPEN) permit[Symbol.dispose]();
    } catch (error) {
      throw toTrpcError(error);
    }
    return { ...context, backpressure: backpressures.get(socket), admit: () => admission.admitKnown(caller) };
  };
  await server.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    useWSS: true,
    trpcOptions: {
      router,
      createContext: ({ req, res, info }: CreateFastifyContextOptions) =>
        // For a WebSocket, tRPC passes the socket instead of the reply, and Node's own request.
        backpressures.has(res)
          ? contextOfSocket(
              req as unknown as IncomingMessage,
              res as unknown as WebSocket,
              info.connectionParams,
            )
          : contextOfRequest(req, res, info),
      responseMeta: ({ errors }) => {
        // The longest wait of the calls of a batch.
        const seconds = errors.flatMap(({ cause }) => retryAfterSeconds(cause) ?? []);
        return seconds.length === 0 ? {} : { headers: { 'retry-after': String(Math.max(...seconds)) } };
      },
      allowBatching: true,
      maxBatchSize: batchLimit,
      keepAlive: { enabled: true, pingMs: 15_000, pongWaitMs: 10_000 },
    } satisfies FastifyTRPCPluginOptions<AnyTRPCRouter>['trpcOptions'],
  });
}
