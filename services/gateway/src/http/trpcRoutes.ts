import type { IncomingMessage } from 'node:http';
import fastifyWebsocket from '@fastify/websocket';
import type { AnyTRPCRouter } from '@trpc/server';
import {
  type CreateFastifyContextOptions,
  type FastifyTRPCPluginOptions,
  fastifyTRPCPlugin,
} from '@trpc/server/adapters/fastify';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import { type Authenticate, identify } from '../auth/authenticate.ts';
import type { Credentials } from '../auth/credentials.ts';
import { SocketCredentials } from '../auth/socketCredentials.ts';
import { type Context, toTrpcError } from '../rpc/trpc.ts';
import { answerPlainCalls } from './directCalls.ts';
import type { RequestIds } from './requestId.ts';

/** The most calls in one batch. */
const batchLimit = 100;

export type TrpcRoutesOptions = {
  readonly router: AnyTRPCRouter;
  readonly authenticate: Authenticate;
  readonly logger: FastifyBaseLogger;
  readonly ids: RequestIds;
  readonly stop: AbortSignal;
  /** Counts the subscriptions that are open. */
  readonly streams: { open: number };
  readonly bodyLimitBytes: number;
};

/** tRPC at `/trpc`: plain calls, batches, SSE and WebSockets. */
export async function addTrpcRoutes(server: FastifyInstance, options: TrpcRoutesOptions): Promise<void> {
  const { router, authenticate, logger, ids, stop, streams, bodyLimitBytes } = options;

  const contextOf = async (
    request: Pick<FastifyRequest, 'headers'> & {
      readonly raw?: IncomingMessage;
      readonly log?: FastifyBaseLogger;
    },
    connectionParams: Credentials['connectionParams'] = null,
  ): Promise<Context> => {
    const { headers } = request;
    // Of a WebSocket, Node's own request comes here, whatever the type says.
    const requestId = ids.of(request.raw ?? (request as IncomingMessage));
    const log = request.log ?? logger.child({ requestId });
    const { traceparent } = headers;
    const scope = { requestId, traceparent: typeof traceparent === 'string' ? traceparent : undefined };
    try {
      const caller = await identify(authenticate, { headers, connectionParams });
      return { caller, logger: log, stop, streams, scope };
    } catch (error) {
      const refusal = toTrpcError(error);
      // Without a context tRPC's own error handling has no log to write to.
      if (refusal.code === 'INTERNAL_SERVER_ERROR')
        log.error({ err: error }, 'a caller could not be authenticated');
      throw refusal;
    }
  };

  await server.register(fastifyWebsocket, { options: { maxPayload: bodyLimitBytes } });
  const sockets = new SocketCredentials();
  server.websocketServer.on('connection', socket => sockets.opened(socket));
  server.websocketServer.on('headers', (lines: string[], request: IncomingMessage) =>
    lines.push(`x-request-id: ${ids.of(request)}`),
  );
  server.addHook('preHandler', answerPlainCalls(router, '/trpc/', contextOf));
  await server.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    useWSS: true,
    keepAlive: { enabled: true, pingMs: 15_000, pongWaitMs: 10_000 },
    trpcOptions: {
      router,
      createContext: async ({ req, res, info }: CreateFastifyContextOptions) => {
        const context = await contextOf(req, info.connectionParams);
        // For a WebSocket, tRPC gives that in the place of the reply.
        sockets.known(res, context.caller);
        return context;
      },
      allowBatching: true,
      maxBatchSize: batchLimit,
    } satisfies FastifyTRPCPluginOptions<AnyTRPCRouter>['trpcOptions'],
  });
}
