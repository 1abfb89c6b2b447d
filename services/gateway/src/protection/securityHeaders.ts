import type { FastifyInstance } from 'fastify';

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
