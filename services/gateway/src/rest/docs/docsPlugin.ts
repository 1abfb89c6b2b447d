import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { OpenApiDocument } from '../openapi/document.ts';
import { errorsPath } from '../problem.ts';
import { errorsPage, initializer, operationsPage } from './pages.ts';

/** The files of Swagger UI that the page needs. Other files of the package are not served. */
const assets = new Set(['/swagger-ui-bundle.js', '/swagger-ui.css', '/favicon-32x32.png']);
/**
 * No resources of other origins, and no inline scripts. Swagger UI needs inline styles and `data:` images.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the OpenAPI document, the page to browse it with, and the page that explains errors. */
export async function docsPlugin(
  server: FastifyInstance,
  { describe }: { readonly describe: () => OpenApiDocument },
): Promise<void> {
  // Created with the first request: it takes time for a large contract, and most gateways are never asked.
  let document: string | undefined;
  const errors = errorsPage();
  const page = (reply: FastifyReply, html: string) =>
    reply
      .header('content-security-policy', contentSecurityPolicy)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .type('text/html; charset=utf-8')
      .send(html);

  server.get('/openapi.json', async (_request, reply) => {
    document ??= JSON.stringify(describe());
    return reply.header('cache-control', 'no-cache').type('application/json; charset=utf-8').send(document);
  });
  server.get('/docs', async (_request, reply) => page(reply, operationsPage));
  server.get(errorsPath, async (_request, reply) => page(reply, errors));
  server.get('/docs/initializer.js', async (_request, reply) =>
    reply
      .header('x-content-type-options', 'nosniff')
      .type('text/javascript; charset=utf-8')
      .send(initializer),
  );
  await server.register(fastifyStatic, {
    root: dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json'))),
    prefix: '/docs/assets/',
    allowedPath: path => assets.has(path),
    decorateReply: false,
    index: false,
    maxAge: '1h',
  });
}
