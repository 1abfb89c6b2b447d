import { beginSpan, contextOfHeaders } from '@longhaul/broker';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify';
import { largeBodyOf } from '../largeBodies/readLargeBodies.ts';
import { requestScope } from '../telemetry/requestScope.ts';

/**
 * The level of the log line for every answered HTTP request. It costs nothing where the logger does not write that level,
 * otherwise about a tenth of the gateway's throughput. `off`: no line.
 */
export type RequestLog = 'off' | 'debug' | 'info';

/**
 * Gives every HTTP request its scope (the id in the answer, in log lines and in everything that is done for it), its span
 * and its log line. Query, headers and body are never recorded, since they contain inputs and credentials.
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
            // A client that disconnected has seen no status.
            ...(reply.raw.writableFinished ? { status: reply.statusCode } : { aborted: true }),
            durationMs: Math.round(performance.now() - beganAtMs),
          },
          'request',
        ),
      );
    }
    done();
  });

  // The last hook before the route: reading the body, which happens before this hook, would lose the scope.
  server.addHook('preHandler', (request, reply, done) => {
    const { traceparent } = request.headers;
    const scope = {
      requestId: request.id,
      traceparent: typeof traceparent === 'string' ? traceparent : undefined,
      largeBody: largeBodyOf(request),
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
 * A logger that creates its child logger with the first line that it writes. Fastify creates a child for each request,
 * most of which log nothing. Creating one takes a twentieth of such a request's time, since its bindings are searched for
 * values to redact.
 */
export function lazyLogger(
  parent: FastifyBaseLogger,
  createChild: () => FastifyBaseLogger,
): FastifyBaseLogger {
  let created: FastifyBaseLogger | undefined;
  const child = () => {
    created ??= createChild();
    return created;
  };
  return {
    get level() {
      return parent.level;
    },
    child: (...args) => child().child(...args),
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

/** A request as it is logged, without its query, which can contain credentials (`connectionParams`) and inputs. */
export function loggedRequest({ method, url }: { readonly method?: string; readonly url?: string }) {
  return { method, path: url?.split('?', 1)[0] };
}
