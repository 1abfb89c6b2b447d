import { GatewayError } from '@longhaul/proto/wire';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type LargeBodies, type LargeBody, NotJsonError } from './largeBodies.ts';
import type { BodyShape } from './shapes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Where the inputs are in a body of this route. Without: its bodies are not large. */
    readonly bodyShape?: BodyShape | undefined;
  }
}

type Kept = { readonly shape: BodyShape; readonly chunks: readonly Buffer[] };

const kept = new WeakMap<FastifyRequest, Kept>();
const bodies = new WeakMap<FastifyRequest, LargeBody>();

/** The body of a request, where it was so large that a thread has read it. */
export function largeBodyOf(request: FastifyRequest): LargeBody | undefined {
  return bodies.get(request);
}

/** Keeps the chunks of a body until Fastify's own parser has had its turn, with nothing to do. */
export function keepBody(request: FastifyRequest, body: Kept): void {
  kept.set(request, body);
}

/** Reads the bodies that were kept, before a handler is called. */
export function readLargeBodies(server: Pick<FastifyInstance, 'addHook'>, large: LargeBodies): void {
  server.addHook('preValidation', async request => {
    const body = kept.get(request);
    if (!body) return;
    kept.delete(request);
    try {
      const read = await large.read(body.chunks, body.shape);
      bodies.set(request, read);
      request.body = read.value;
    } catch (error) {
      if (!(error instanceof NotJsonError)) throw error;
      throw new GatewayError('INVALID_REQUEST', `The body is not JSON: ${reasonOf(error.message)}`, {
        cause: error,
      });
    }
  });
}

/** The parser's reason, without the part of the body that it quotes. */
function reasonOf(message: string): string {
  const at = /at position \d+/.exec(message)?.[0];
  if (at !== undefined) return `it is malformed ${at}.`;
  return message === 'not UTF-8'
    ? 'it is not UTF-8. Send it as UTF-8.'
    : 'it is incomplete, or has data after its end.';
}
