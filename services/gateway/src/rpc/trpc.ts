import { contextOfHeaders, inSpan } from '@longhaul/broker';
import {
  errorCatalogue,
  faultsText,
  GatewayError,
  type GatewayErrorShape,
  issuesOf,
} from '@longhaul/proto/wire';
import { context, SpanStatusCode } from '@opentelemetry/api';
import { initTRPC, TRPCError } from '@trpc/server';
import type { FastifyBaseLogger } from 'fastify';
import { z } from 'zod';
import type { Caller } from '../auth/caller.ts';
import { expired, haveEnded } from '../auth/credentials.ts';
import { faultOf, retryAfterSeconds, toGatewayError } from '../errors.ts';
import type { NatsLink } from '../protection/natsLink.ts';
import type { OwnerStreams } from '../protection/ownerStreams.ts';
import type { SocketBackpressure } from '../protection/socketBackpressure.ts';
import { keepAliveMs } from '../tasks/watch/followTask.ts';
import { type RequestScope, requestScope } from '../telemetry/requestScope.ts';

/** What is told goes to the log with the id of the request. */
type Log = Pick<FastifyBaseLogger, 'error'>;

/** What every procedure is given. */
export type Context = {
  readonly caller: Caller;
  readonly logger: Log;
  /** Aborted when the gateway stops: open streams end, and their clients go elsewhere. */
  readonly stop: AbortSignal;
  /** The streams that are open. */
  readonly streams: OwnerStreams;
  readonly link: Pick<NatsLink, 'lost'>;
  /** A stream ends after that and is opened again; not over a WebSocket, whose pings tell whether somebody is there. */
  readonly streamMaxMs: number;
  /** Of a WebSocket: what it takes. */
  readonly room?: SocketBackpressure | undefined;
  /** Of a WebSocket: lets another call in. Over HTTP, that was done for the request. @throws GatewayError */
  readonly admit?: (() => void) | undefined;
  /** Of the request; of a WebSocket, the one that opened it. */
  readonly scope: RequestScope;
};

/** A client that hears nothing for longer opens a new stream. */
const silenceLimitMs = 40_000;

export const t = initTRPC.context<Context>().create({
  // Never a stack trace in an answer, whatever NODE_ENV says.
  isDev: false,
  sse: {
    ping: { enabled: true, intervalMs: keepAliveMs },
    client: { reconnectAfterInactivityMs: silenceLimitMs },
  },
  errorFormatter: ({ shape, error, ctx }): GatewayErrorShape => {
    const { cause } = error;
    if (cause instanceof GatewayError) {
      const { message, ...data } = faultOf(cause, ctx?.logger);
      // tRPC has no code of its own for each status.
      const { http: httpStatus } = errorCatalogue[cause.code];
      const seconds = retryAfterSeconds(cause);
      const later = seconds === undefined ? {} : { retryAfterSeconds: seconds };
      return { ...shape, message, data: { ...shape.data, httpStatus, ...data, ...later } };
    }
    if (error.code === 'BAD_REQUEST' && cause instanceof z.ZodError) {
      const message = `The request is malformed:\n${faultsText(cause)}`;
      return {
        ...shape,
        message,
        data: { ...shape.data, reason: 'INVALID_REQUEST', issues: issuesOf(cause) },
      };
    }
    if (error.code === 'INTERNAL_SERVER_ERROR') {
      const { message, ...data } = faultOf(cause ?? error, ctx?.logger);
      return { ...shape, message, data: { ...shape.data, ...data } };
    }
    // What tRPC itself refuses: an unknown path, a method or content type that it does not take.
    const reason = error.code === 'NOT_FOUND' ? 'UNKNOWN_PROCEDURE' : 'INVALID_REQUEST';
    return { ...shape, data: { ...shape.data, reason, issues: [] } };
  },
});

/** Turns the errors of the service into tRPC's, by the catalogue. In one step, since each costs every call. */
export const procedure = t.procedure.use(async ({ ctx, path, getRawInput, next }) => {
  // A WebSocket is asked once who calls, and may outlive the credentials.
  if (haveEnded(ctx.caller, Date.now())) throw toTrpcError(expired());
  try {
    ctx.admit?.();
  } catch (error) {
    throw toTrpcError(error);
  }
  // tRPC reads the body here, and what it throws is the caller's fault. Left to the input's parser it would be ours.
  await getRawInput().catch((cause: unknown) => {
    throw new TRPCError({
      code: 'BAD_REQUEST',
      message: 'The request is not JSON. Send the input as JSON.',
      cause,
    });
  });
  const result = await observed(ctx, path, next);
  ctx.room?.closeWhenFull();
  if (!result.ok) throw toTrpcError(result.error.cause ?? result.error);
  return result;
});

/** Each call of a batch or a WebSocket in a span of its own; the calls of a WebSocket in its scope. */
function observed<R extends { readonly ok: boolean }>(
  { scope }: Context,
  path: string,
  next: () => Promise<R>,
): Promise<R> {
  const attributes = { 'rpc.system': 'trpc', 'rpc.method': path };
  const call = () =>
    inSpan(path, { attributes }, async span => {
      const result = await next();
      if (!result.ok) span.setStatus({ code: SpanStatusCode.ERROR });
      return result;
    });
  if (requestScope.getStore()) return call();
  return requestScope.run(scope, () =>
    context.with(contextOfHeaders({ traceparent: scope.traceparent }), call),
  );
}

/** A service error as tRPC knows it; anything else as it is. */
export function toTrpcError(error: unknown): TRPCError {
  if (error instanceof TRPCError) return error;
  if (error instanceof GatewayError) {
    return new TRPCError({ code: errorCatalogue[error.code].trpc, message: error.message, cause: error });
  }
  const known = toGatewayError(error);
  if (known) return toTrpcError(known);
  if (error instanceof z.ZodError) return new TRPCError({ code: 'BAD_REQUEST', cause: error });
  return new TRPCError({ code: 'INTERNAL_SERVER_ERROR', cause: error });
}
