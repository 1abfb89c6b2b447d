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

/**
 * For every answer. Nothing that the gateway answers is a page, but its own pages, which say what they may do in place of
 * this policy; so nothing is run, embedded or taken for something else, whatever a task's output looks like.
 */
const always = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};
/** Two years, as browsers' lists of such hosts want it. Subdomains are not ours to speak for. */
const onlyTls = 'max-age=63072000';

/** Sets the headers; `Strict-Transport-Security` where a trusted proxy says that the caller came by TLS. */
export function addSecurityHeaders(server: Pick<FastifyInstance, 'addHook'>, behindProxy: boolean): void {
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(always);
    if (behindProxy && request.protocol === 'https') reply.header('strict-transport-security', onlyTls);
    done();
  });
}
