import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { isLoopbackOrigin } from '../auth/loopback.ts';

/** The headers of an answer that scripts of other origins may read. */
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
const preflightMaxAgeSeconds = 600;

/**
 * Allows web pages of the given origins to call the gateway (CORS). Credentials are sent in headers, never in cookies.
 *
 * @param isOpen whether the gateway serves this machine without authentication: then pages of this machine's own servers,
 *   at any port, may call it as their programs may (see `foreignRequestReason`)
 */
export async function allowOrigins(
  server: FastifyInstance,
  origins: readonly string[],
  isOpen: boolean,
): Promise<void> {
  if (origins.length === 0 && !isOpen) return;
  const isAllowed = (origin: string | undefined) =>
    origin !== undefined && (origins.includes(origin) || (isOpen && isLoopbackOrigin(origin)));
  await server.register(cors, {
    origin: (origin, decide) => decide(null, isAllowed(origin)),
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    exposedHeaders,
    maxAge: preflightMaxAgeSeconds,
  });
  // tRPC's adapter overwrites `Vary`, so `Origin` is added again: the answer is for this origin only.
  server.addHook('onSend', (_request, reply, _payload, done) => {
    const vary = String(reply.getHeader('vary') ?? '');
    if (!/\borigin\b/i.test(vary)) reply.header('vary', vary === '' ? 'Origin' : `${vary}, Origin`);
    done();
  });
}

/**
 * Headers of every answer. They keep browsers from running, embedding or sniffing an answer, whatever a task's output
 * contains. The gateway's own pages replace the policy by one of their own.
 */
const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};
/** Two years, as the preload lists of browsers require. Without subdomains: they may not belong to the gateway. */
const strictTransport = 'max-age=63072000';

/** Sets the security headers; `Strict-Transport-Security` where a trusted proxy reports that the caller used TLS. */
export function addSecurityHeaders(server: Pick<FastifyInstance, 'addHook'>, behindProxy: boolean): void {
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(securityHeaders);
    if (behindProxy && request.protocol === 'https')
      reply.header('strict-transport-security', strictTransport);
    done();
  });
}
