import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** What scripts may read of an answer beside its body. */
const exposedHeaders = [
  'ETag',
  'Link',
  'Location',
  'Preference-Applied',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Request-Id',
];
const preflightKeptSeconds = 600;

/** Lets web pages of some origins call the gateway. Credentials are sent in headers, so that cookies are never meant. */
export async function allowOrigins(server: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await server.register(cors, {
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    exposedHeaders,
    maxAge: preflightKeptSeconds,
  });
  // tRPC's adapter writes a `Vary` of its own over the one that says that the answer is for this origin.
  server.addHook('onSend', (_request, reply, _payload, done) => {
    const vary = String(reply.getHeader('vary') ?? '');
    if (!/\borigin\b/i.test(vary)) reply.header('vary', vary === '' ? 'Origin' : `${vary}, Origin`);
    done();
  });
}
