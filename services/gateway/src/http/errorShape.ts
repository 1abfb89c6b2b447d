import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import {
  errorCatalogue,
  GatewayError,
  type GatewayErrorCode,
  type GatewayErrorShape,
} from '@longhaul/proto/wire';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { tooManyBytes } from '../protection/bodyBreadth.ts';
import { answerAndClose, isAnswered } from '../protection/unreadRests.ts';
import { problemOf, problemType } from '../rest/problem.ts';

/** Short, since most of these clients are too slow or no clients at all. */
const clientErrorRest = { bytes: 1024 * 1024, idleMs: 500, totalMs: 1_000 };

/** What is wrong with a body as such. OVERLOADED: the thread that was to read it ended. */
const bodyCodes: ReadonlySet<string> = new Set([
  'TOO_MANY_VALUES',
  'PAYLOAD_TOO_LARGE',
  'INVALID_REQUEST',
  'OVERLOADED',
]);

/** Fastify's error code for a body over its limit. */
const bodyTooLargeCode = 'FST_ERR_CTP_BODY_TOO_LARGE';

/**
 * The reason why the server refused the body of a request before it was parsed. `undefined`: the error is another one.
 * @param limitBytes the largest body, in bytes
 */
export function bodyRefusal(error: unknown, limitBytes: number): GatewayError | undefined {
  if (error instanceof GatewayError && bodyCodes.has(error.code)) return error;
  if (!(error instanceof Error && 'code' in error && error.code === bodyTooLargeCode)) return undefined;
  return tooManyBytes(limitBytes);
}

/** An error in the shape of tRPC's errors, for requests that are refused before tRPC handles them. */
export function catalogueErrorShape({ code, message, issues }: GatewayError): GatewayErrorShape {
  const { trpc, http } = errorCatalogue[code];
  return {
    message,
    code: TRPC_ERROR_CODES_BY_KEY[trpc],
    data: { code: trpc, httpStatus: http, reason: code, issues },
  };
}

/** Answers bytes that are not an HTTP request, for which there is no Fastify request and reply. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (isAnswered(socket)) {
    socket.destroy();
    return;
  }
  const [code, message] = clientErrorOf(error.code);
  const problem = problemOf({ reason: code, message, issues: [] }, new GatewayError(code, message), []);
  const body = JSON.stringify(problem);
  const answer = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
  answerAndClose(socket, answer, clientErrorRest);
}

function clientErrorOf(code: string | undefined): [GatewayErrorCode, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        'HEADERS_TOO_LARGE',
        'The URL and the headers together have more than 16 KiB. Send less in them.',
      ];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['REQUEST_TIMEOUT', 'The request did not arrive in time. Send it faster.'];
    default:
      return ['INVALID_REQUEST', 'The bytes are not an HTTP request.'];
  }
}
