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
import { callerErrorOf, retryAfterSeconds, toGatewayError } from '../errors.ts';
import type { NatsLink } from '../protection/natsLink.ts';
import type { OwnerStreams } from '../protection/ownerStreams.ts';
import type { SocketBackpressure } from '../protection/socketBackpressure.ts';
import { keepAliveMs } from '../tasks/watch/followTask.ts';
import { type RequestScope, requestScope } from '../telemetry/requestScope.ts';

/** Writes log lines with the id of the request. */
type Log = Pick<FastifyBaseLogger, 'error'>;

/** The context of every procedure call. */
export type Context = {
  readonly caller: Caller;
  readonly logger: Log;
  /** Aborted when the gateway stops: open streams end, and their clients connect to another gateway. */
  readonly stop: AbortSignal;
  /** Counts the open streams of each owner. */
  readonly streams: OwnerStreams;
  readonly link: Pick<NatsLink, 'lost'>;
  /** The maximum age of a stream over SSE. A WebSocket needs none: its pings detect a client that is gone. */
  readonly streamMaxMs: number;
  /** Of a WebSocket: its backpressure. */
  readonly backpressure?: SocketBackpressure | undefined;
  /** Of a WebSocket: admits one more call. Over HTTP the whole request was admitted. @throws GatewayError */
  readonly admit?: (() => void) | undefined;
  /** The scope of the request; of a WebSocket, of the request that opened it. */
  readonly scope: RequestScope;
};

/** A client that receives nothing for this long opens a new stream. */
const silenceLimitMs = 40_000;

export const t = initTRPC.context<Context>().create({
  // Never put a stack trace into an answer, regardless of NODE_ENV.
  isDev: false,
  sse: {
    ping: { enabled: true, intervalMs: keepAliveMs },
    client: { reconnectAfterInactivityMs: silenceLimitMs },
  },
  errorFormatter: ({ shape, error, ctx }): GatewayErrorShape => {
    const { cause } = error;
    if (cause instanceof GatewayError) {
      const { message, ...data } = callerErrorOf(cause, ctx?.logger);
      // tRPC does not have a code for each HTTP status.
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
      const { message, ...data } = callerErrorOf(cause ?? error, ctx?.logger);
      return { ...shape, message, data: { ...shape.data, ...data } };
    }
    // Errors of tRPC itself: an unknown path, or a method or content type that it does not support.
    const reason = error.code === 'NOT_FOUND' ? 'UNKNOWN_PROCEDURE' : 'INVALID_REQUEST';
    return { ...shape, data: { ...shape.data, reason, issues: [] } };
  },
});

/** A procedure that turns errors of the service into tRPC's. One middleware does all steps, since each one costs time in every call. */
export const procedure = t.procedure.use(async ({ ctx, path, getRawInput, next }) => {
  // A WebSocket is authenticated once and may outlive its credentials.
  if (haveEnded(ctx.caller, Date.now())) throw toTrpcError(expired());
  try {
    ctx.admit?.();
  } catch (error) {
    throw toTrpcError(error);
  }
  // tRPC reads the body here. An error of it is an error of the caller; thrown by the input parser it would be INTERNAL.
  await getRawInput().catch((cause: unknown) => {
    throw new TRPCError({
      code: 'BAD_REQUEST',
      message: 'The request is not JSON. Send the input as JSON.',
      cause,
    });
  });
  const result = await observed(ctx, path, next);
  ctx.backpressure?.closeWhenFull();
  if (!result.ok) throw toTrpcError(result.error.cause ?? result.error);
  return result;
});

/** Runs each call of a batch or a WebSocket in its own span, and the calls of a WebSocket in the scope of its request. */
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

/** Turns any error into tRPC's, by the error catalogue where it is in there. */
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
