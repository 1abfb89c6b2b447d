import type { FastifyInstance } from 'fastify';

type Known = { readonly parts: readonly string[]; readonly methods: Set<string> };

/**
 * Which methods a path has. A server's router tells only whether there is a route for one method, so a wrong method
 * on a known path would be answered like an unknown path.
 */
export class KnownPaths {
  readonly #paths = new Map<string, Known>();

  /** Takes note of every route that is added to the server from now on. Those of wildcards are no paths to know. */
  observe(server: Pick<FastifyInstance, 'addHook'>): void {
    server.addHook('onRoute', ({ url, method, config }) => {
      if (url.includes('*') || config?.allow !== undefined) return;
      const known = this.#paths.get(url) ?? { parts: url.split('/'), methods: new Set() };
      for (const one of [method].flat()) known.methods.add(one);
      this.#paths.set(url, known);
    });
  }

  /** The methods of a path, as `Allow` lists them. `undefined`: there is no such path. */
  allowAt(path: string): string | undefined {
    const parts = path.split('/');
    const [best] = [...this.#paths.values()]
      .filter(
        known =>
          known.parts.length === parts.length && known.parts.every((part, at) => fits(part, parts[at])),
      )
      .sort((a, b) => parametersOf(a) - parametersOf(b));
    return best && allowOf(best.methods);
  }
}

/** The value of `Allow`: what there is, and OPTIONS, which every path answers. */
export function allowOf(methods: Iterable<string>): string {
  return [...new Set([...methods, 'OPTIONS'])].join(', ');
}

function fits(part: string, sent: string | undefined): boolean {
  return part.startsWith(':') ? sent !== undefined && sent !== '' : part === sent;
}

/** A path that is written out goes before one with parameters, as it does in the router. */
function parametersOf({ parts }: Known): number {
  return parts.filter(part => part.startsWith(':')).length;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of a route that stands for the methods that a path does not have: those that it has. */
    readonly allow?: string;
  }
}
