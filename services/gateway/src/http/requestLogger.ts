import type { FastifyBaseLogger } from 'fastify';

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
