import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { GatewayError, type GatewayErrorCode } from '@longhaul/proto';
import { problemOf, problemType } from '../rest/problem.ts';

/** Answers bytes that are no HTTP request: there is no request yet that could be answered. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [code, message]: [GatewayErrorCode, string] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['HEADERS_TOO_LARGE', 'Address and headers together have more than 16 KiB. Send less in them.']
      : ['INVALID_REQUEST', 'That is no HTTP request.'];
  const problem = problemOf({ reason: code, message, issues: [] }, new GatewayError(code, message), []);
  const body = JSON.stringify(problem);
  if (socket.writable) {
    socket.write(
      [
        `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
        `Content-Type: ${problemType}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  }
  socket.destroySoon();
}
