import { GatewayError } from '@longhaul/proto/wire';
import type { FastifyRequest } from 'fastify';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a JSON body. An empty one is nothing.
 * @throws GatewayError UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST
 */
export function readBody({ headers }: FastifyRequest, bytes: Buffer): unknown {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'The body is compressed. Send it as it is.');
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'The body is not UTF-8. JSON is always UTF-8.');
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch (cause) {
    throw new GatewayError('INVALID_REQUEST', `The body is not JSON: ${reasonOf(cause)}`, { cause });
  }
}

/** What the parser says, without the piece of the body that it quotes. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof SyntaxError)) return 'it is not UTF-8. Send it as UTF-8.';
  const at = /at position \d+/.exec(cause.message)?.[0];
  return at === undefined ? 'it ends too soon, or has something behind its end.' : `it goes wrong ${at}.`;
}
