import { errorCatalogue } from '@longhaul/proto/wire';
import { metricsContentType } from '@longhaul/runtime/processMetrics';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticate } from '../auth/authenticate.ts';

/**
 * Who may read `/metrics`. `loopback`: requests from this machine without credentials, and operators from anywhere.
 * `operator`: operators and administrators only. `off`: the route does not exist.
 */
export type MetricsAccess = 'loopback' | 'operator' | 'off';

export type MetricsRoute = {
  readonly access: MetricsAccess;
  readonly text: () => Promise<string>;
};

/** Serves the metrics at `/metrics`. They contain no task ids and no owners, but show how the system is used. */
export function addMetricsRoute(
  server: Pick<FastifyInstance, 'get'>,
  { access, text }: MetricsRoute,
  authenticate: Authenticate,
): void {
  if (access === 'off') return;
  server.get('/metrics', async (request, reply) => {
    if (access === 'operator' || !isFromThisMachine(request)) {
      const caller = await authenticate({ headers: request.headers });
      const reason = caller === undefined ? 'UNAUTHENTICATED' : 'FORBIDDEN';
      if (caller === undefined || caller.role === 'user') {
        const { http, advice } = errorCatalogue[reason];
        return reply.code(http).send({ error: { reason, message: advice } });
      }
    }
    return reply
      .header('cache-control', 'no-store')
      .type(metricsContentType)
      .send(await text());
  });
}

/** A proxy on this machine sets these for a client elsewhere. */
const forwardedHeaders = ['forwarded', 'x-forwarded-for', 'x-real-ip'];

function isFromThisMachine({ raw, headers }: FastifyRequest): boolean {
  const address = raw.socket.remoteAddress ?? '';
  const isLoopback = /^(?:::ffff:)?127\.|^::1$/.test(address);
  return isLoopback && forwardedHeaders.every(name => headers[name] === undefined);
}
