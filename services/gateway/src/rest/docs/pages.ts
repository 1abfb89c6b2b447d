import { errorCatalogue } from '@longhaul/proto/wire';
import { titleOf } from '../problem.ts';

const head = (title: string, more = '') => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
${more}</head>
`;

/** The page that shows the OpenAPI document. */
export const operationsPage = `${head(
  'Longhaul: REST',
  `<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
`,
)}<body>
<div id="operations"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/initializer.js"></script>
</body>
</html>
`;

/** The script of that page. Without `validatorUrl: null`, Swagger UI would request a badge from a service on the internet. */
export const initializer = `window.addEventListener('load', () => {
  window.SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#operations',
    deepLinking: true,
    validatorUrl: null,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    persistAuthorization: false,
  });
});
`;

/** The page that explains the errors. The `type` of a problem links to it. */
export function errorsPage(): string {
  const errors = Object.entries(errorCatalogue).map(
    ([code, { http, advice }]) => [code, http, advice] as const,
  );
  const internal = [
    'INTERNAL',
    500,
    'An unexpected error in the gateway. Its log has the cause under the id in `detail`.',
  ] as const;
  const entries = [...errors, internal].map(
    ([code, status, advice]) => `<section id="${code}">
<h2>${titleOf(code)}</h2>
<p><code>${code}</code>, HTTP status ${status}</p>
<p>${asHtml(advice)}</p>
</section>
`,
  );
  return `${head(
    'Longhaul: errors',
    `<style>
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark; }
section:target { outline: 2px solid; outline-offset: .5rem; }
</style>
`,
  )}<body>
<main>
<h1>Errors</h1>
<p>A refused call is answered with problem details (RFC 9457). Their <code>type</code> links to an entry of this page.</p>
${entries.join('')}</main>
</body>
</html>
`;
}

function asHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/`([^`]+)`/g, '<code>$1</code>');
}
