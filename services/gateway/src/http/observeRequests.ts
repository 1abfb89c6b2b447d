import { beginSpan, contextOfHeaders } from '@longhaul/broker';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import { requestScope } from '../telemetry/requestScope.ts';

/**
 * At which level a line is written for every HTTP request that was answered. Where the logger does not write that level
 * it costs nothing; otherwise about a tenth of the calls that a gateway can serve. `off`: none.
 */
export type RequestLog = 'off' | 'debug' | 'info';

/**
 * Gives every HTTP request its scope (its id in the answer, the log and everything that is done for it), its span, and
 * its line in the log. Neither says anything of the query, the headers or the body: inputs and credentials stand there.
 */
export function observeRequests(server: Pick<FastifyInstance, 'addHook' | 'log'>, level: RequestLog): void {
  const isLogged =
    level !== 'off' && (server.log as { isLevelEnabled?(of: string): boolean }).isLevelEnabled?.(level);

  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    if (isLogged) {
      const beganAtMs = performance.now();
      reply.raw.once('close', () =>
        request.log[level](
          {
            method: request.method,
            path: pathOf(request),
            // A client that went away has seen no status.
            ...(reply.raw.writableFinished ? { status: reply.statusCode } : { aborted: true }),
            durationMs: Math.round(performance.now() - beganAtMs),
          },
          'request',
        ),
      );
    }
    done();
  });

  // The last hook before the route: reading the body, which comes before it, would lose the scope again.
  server.addHook('preHandler', (request, reply, done) => {
    const { traceparent } = request.headers;
    const scope = {
      requestId: request.id,
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    };
    const parent = contextOfHeaders(request.headers);
    const route = request.routeOptions.url ?? 'unknown route';
    const attributes = {
      'http.request.method': request.method,
      'http.route': route,
      'url.path': pathOf(request),
      'longhaul.request.id': request.id,
    };
    const span = beginSpan(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
    if (span.isRecording()) {
      reply.raw.once('close', () => {
        span.setAttribute('http.response.status_code', reply.statusCode);
        if (reply.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      });
    }
    requestScope.run(scope, () => context.with(trace.setSpan(parent, span), done));
  });
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? url;
}

/**
 * A logger that becomes a child of another once it writes its first line. Fastify makes a child for each request, most
 * of which log nothing; to make one takes a twentieth of such a request's time, since what is to be redacted is looked
 * for in its bindings.
 */
export function lazyLogger(parent: FastifyBaseLogger, makeChild: () => FastifyBaseLogger): FastifyBaseLogger {
  let made: FastifyBaseLogger | undefined;
  const child = () => {
    made ??= makeChild();
    return made;
  };
  return {
    get level() {
      return parent.level;
    },
    child: (...of) => child().child(...of),
    fatal: writes('fatal'),
    error: writes('error'),
    warn: writes('warn'),
    info: writes('info'),
    debug: writes('debug'),
    trace: writes('trace'),
    silent: () => {},
  };

  function writes(level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace') {
    return (...line: Parameters<FastifyBaseLogger['info']>) => child()[level](...line);
  }
}

/** What the log may know of a request: a query can hold credentials (`connectionParams`) and inputs. */
export function loggedRequest({ method, url }: { readonly method?: string; readonly url?: string }) {
  return { method, path: url?.split('?', 1)[0] };
}
