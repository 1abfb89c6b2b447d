import { join, relative } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';

/** The console: a web page to see and steer tasks. */
export type ConsoleOptions = {
  /** The folder with the built page (`index.html` and `assets/`), as `pnpm build:console` makes it. */
  readonly directory: string;
};

/** The addresses that are pages: any of them may be opened, bookmarked or loaded anew. Nothing else falls back to them. */
const pages = ['/', '/run', '/run/:name', '/tasks', '/tasks/:id'];

/**
 * Everything comes from this gateway, and nothing runs that is not a file of it: what a task's output holds cannot
 * become code. Images may be given inline, as outputs have them.
 */
const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** Assets carry a digest of their content in their names, so a browser never has to ask for one again. */
const forAYear = 'public, max-age=31536000, immutable';
const askFirst = 'no-cache';

/** Serves the built console at `/`, beside the API. Its files hold no data, so they need no credentials. */
export const consolePages: FastifyPluginAsync<ConsoleOptions> = async (scope, { directory }) => {
  scope.addHook('onSend', async (_request, reply) => void reply.headers(securityHeaders));
  await scope.register(fastifyStatic, {
    root: directory,
    index: false,
    // A route for each file that there is: an unknown path stays unknown.
    wildcard: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) =>
      void reply.header(
        'cache-control',
        relative(directory, path).startsWith(join('assets', '/')) ? forAYear : askFirst,
      ),
  });
  for (const path of pages) scope.get(path, async (_request, reply) => reply.sendFile('index.html'));
};
