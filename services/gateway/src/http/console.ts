import { join, relative } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';

/** Options of the console, a web page to watch and control tasks. */
export type ConsoleOptions = {
  /** The folder with the built page (`index.html` and `assets/`), as `pnpm build:console` makes it. */
  readonly directory: string;
};

/** The paths of the console's pages; each of them serves `index.html`. Any other unknown path is answered 404. */
const pages = ['/', '/run', '/run/:name', '/tasks', '/tasks/:id'];

/**
 * Scripts and styles are loaded from this gateway only, so a task's output cannot become code. Images may be inline, as
 * outputs can contain them.
 */
const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** The names of assets contain a digest of their content, so browsers can cache them without revalidation. */
const immutable = 'public, max-age=31536000, immutable';
const revalidate = 'no-cache';

/** Serves the built console at `/`, beside the API. Its files contain no data of tasks, so they need no credentials. */
export const consolePages: FastifyPluginAsync<ConsoleOptions> = async (scope, { directory }) => {
  scope.addHook('onSend', async (_request, reply) => void reply.headers(securityHeaders));
  await scope.register(fastifyStatic, {
    root: directory,
    index: false,
    // One route for each existing file, so that an unknown path is answered 404.
    wildcard: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) =>
      void reply.header(
        'cache-control',
        relative(directory, path).startsWith(join('assets', '/')) ? immutable : revalidate,
      ),
  });
  for (const path of pages) scope.get(path, async (_request, reply) => reply.sendFile('index.html'));
};
