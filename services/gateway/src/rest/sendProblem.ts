import { GatewayError } from '@longhaul/proto/wire';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { faultOf, isPassing, retryAfterSeconds } from '../errors.ts';
import { problemOf, problemType } from './problem.ts';

/** Answers a problem. Retries, authentication and the connection have their headers. */
export function sendProblem(
  reply: FastifyReply,
  thrown: unknown,
  logger: Logger,
  inputAt: readonly string[] = [],
): FastifyReply {
  const error = fromServer(thrown);
  const problem = problemOf(faultOf(error, logger), error, inputAt);
  if (isPassing(problem.status)) reply.header('retry-after', String(retryAfterSeconds(error) ?? 1));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="longhaul"');
  if (problem.code === 'SHUTTING_DOWN') reply.header('connection', 'close');
  return reply
    .code(problem.status)
    .type(problemType)
    .send(`${JSON.stringify(problem)}\n`);
}

/** What Fastify refuses before a handler is called, as errors of the catalogue. */
function fromServer(error: unknown): unknown {
  if (error instanceof GatewayError || !(error instanceof Error)) return error;
  const { code, statusCode } = error as Error & { readonly code?: unknown; readonly statusCode?: unknown };
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new GatewayError(
        'PAYLOAD_TOO_LARGE',
        'The body is larger than the gateway takes. Pass a reference (a path or URL) instead of the data itself.',
      );
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new GatewayError('URI_TOO_LONG', 'A part of the path is longer than any name or id can be.');
    case 'FST_ERR_BAD_URL':
      return new GatewayError('INVALID_REQUEST', 'The path has an escape that is none, like %zz. Mend it.');
    default:
      // Whatever else it says is the caller's fault: lengths that lie, bodies that break off.
      return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
        ? new GatewayError('INVALID_REQUEST', 'The request is malformed.', { cause: error })
        : error;
  }
}
