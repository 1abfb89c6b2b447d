import { afterAll } from 'vitest';
import type { OpenApiDriver } from './openApiDriver.ts';

/**
 * Holds every answer of REST that any test gets by `fetch` against the OpenAPI document of the gateway that gave it:
 * loaded before each test file, so that no test has to remember it.
 *
 * Answers are kept and checked when the file's tests are over: to compile the document's schemas takes the processor
 * for a moment, in which a gateway in this process would answer OVERLOADED.
 */
const plainFetch = globalThis.fetch;
const documents = new Map<string, Promise<unknown>>();
type Kept = {
  readonly origin: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly type: string | undefined;
  readonly headers: Headers;
  readonly text: string | undefined;
};
const kept: Kept[] = [];

globalThis.fetch = async (input, init) => {
  const { url, method } = new Request(input, init);
  const { origin, pathname: path } = new URL(url);
  if (!path.startsWith('/v1/') || method === 'OPTIONS') return plainFetch(input, init);
  // Before the call: a gateway may be gone when it has answered.
  const document = documents.get(origin) ?? readDocument(origin);
  documents.set(origin, document);
  await document;
  const response = await plainFetch(input, init);
  const { status, headers } = response;
  const type = headers.get('content-type')?.split(';')[0];
  // A stream is its reader's to read, and to a HEAD no body is sent.
  const isRead = type?.endsWith('json') === true && method !== 'HEAD';
  const text = isRead ? await response.clone().text() : undefined;
  kept.push({ origin, method, path, status, type, headers, text });
  return response;
};

/** `undefined`: it is no gateway that runs (a server of the test itself, or one that is stopped). */
async function readDocument(origin: string): Promise<unknown> {
  try {
    const response = await plainFetch(`${origin}/openapi.json`);
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

afterAll(async () => {
  // The next test file may run in the same process.
  globalThis.fetch = plainFetch;
  if (kept.length === 0) return;
  // Not loaded for the many test files that never ask REST.
  const { OpenApiDriver } = await import('./openApiDriver.ts');
  for (const [origin, reading] of documents) {
    const document = await reading;
    if (document === undefined) continue;
    const driver = new OpenApiDriver(origin, document);
    for (const answer of kept) if (answer.origin === origin) check(driver, answer);
  }
});

function check(driver: OpenApiDriver, { method, path, status, type, headers, text }: Kept): void {
  const operation = driver.operationAt(method, path);
  const body = text === undefined ? {} : { body: JSON.parse(text) as unknown };
  if (operation && status !== 405) driver.check(operation, { status, type, headers, ...body });
  else if ('body' in body) driver.checkProblem(body.body, `${method} ${path} ${status}`);
}
