import type { FastifyInstance } from 'fastify';

type KnownPath = { readonly parts: readonly string[]; readonly methods: Set<string> };

/**
 * The methods of each path. Fastify's router reports only whether a route exists for one method, so a wrong method on a
 * known path would be answered like an unknown path.
 */
export class KnownPaths {
  readonly #paths = new Map<string, KnownPath>();

  /** Records every route that is added to the server from now on, except routes with wildcards. */
  observe(server: Pick<FastifyInstance, 'addHook'>): void {
    server.addHook('onRoute', ({ url, method, config }) => {
      if (url.includes('*') || config?.allow !== undefined) return;
      const known = this.#paths.get(url) ?? { parts: url.split('/'), methods: new Set() };
      for (const one of [method].flat()) known.methods.add(one);
      this.#paths.set(url, known);
    });
  }

  /** The value of `Allow` for a path. `undefined`: no such path exists. */
  allowAt(path: string): string | undefined {
    const parts = path.split('/');
    const [best] = [...this.#paths.values()]
      .filter(
        known =>
          known.parts.length === parts.length && known.parts.every((part, at) => matches(part, parts[at])),
      )
      .sort((a, b) => parametersOf(a) - parametersOf(b));
    return best && allowOf(best.methods);
  }
}

/** The value of `Allow`: the given methods, and OPTIONS, which every path answers. */
export function allowOf(methods: Iterable<string>): string {
  return [...new Set([...methods, 'OPTIONS'])].join(', ');
}

function matches(part: string, sent: string | undefined): boolean {
  return part.startsWith(':') ? sent !== undefined && sent !== '' : part === sent;
}

/** A static path precedes one with parameters, as in the router. */
function parametersOf({ parts }: KnownPath): number {
  return parts.filter(part => part.startsWith(':')).length;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of a route for the methods that a path does not support: the value of `Allow`. */
    readonly allow?: string;
  }
}
