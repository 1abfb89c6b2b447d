import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import { z } from 'zod';

const headerSchema = z.object({ required: z.boolean(), schema: z.unknown() });
const answerSchema = z.object({
  headers: z.record(z.string(), headerSchema).optional(),
  content: z.record(z.string(), z.object({ schema: z.unknown() })).optional(),
});
const operationSchema = z.object({
  operationId: z.string(),
  requestBody: z.object({ required: z.boolean() }).optional(),
  responses: z.record(z.string(), answerSchema),
});
const documentSchema = z.object({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
});

type Answer = {
  readonly status: number;
  readonly type: string | undefined;
  readonly headers: Headers;
  readonly body?: unknown;
};
export type Operation = z.output<typeof operationSchema> & { readonly method: string; readonly path: string };

/** What a call of an operation is made of. A body is sent as JSON; `raw`, as it is. */
export type Sent = {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly raw?: string;
};

/** What was answered. `body`: its JSON, or its text where it has another type. */
export type Answered = { readonly status: number; readonly headers: Headers; readonly body: unknown };

/**
 * Calls the operations of an OpenAPI document with a plain HTTP client, and holds every answer against what the
 * document says of its status: content type, body and headers. Keeps which answers it has seen.
 */
export class OpenApiDriver {
  readonly operations: ReadonlyMap<string, Operation>;
  readonly #url: string;
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #seen = new Set<string>();

  constructor(url: string, document: unknown) {
    this.#url = url;
    // `strict` would refuse the document's own keywords, which are no JSON Schema.
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.#ajv);
    this.#ajv.addSchema(document as object, 'openapi');
    const { paths } = documentSchema.parse(document);
    this.operations = new Map(
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, one]) => [one.operationId, { ...one, method, path }] as const),
      ),
    );
  }

  /** The documented answers that no call has got. */
  unseen(): string[] {
    return [...this.operations.values()]
      .flatMap(({ operationId, responses }) =>
        Object.keys(responses).map(status => `${operationId} ${status}`),
      )
      .filter(answer => !this.#seen.has(answer));
  }

  /** Calls an operation, and expects a status. */
  async call(id: string, status: number, sent: Sent = {}): Promise<Answered> {
    const operation = this.operations.get(id);
    if (!operation) throw new Error(`The document has no operation ${id}.`);
    const response = await fetch(this.#addressOf(operation, sent), {
      method: operation.method.toUpperCase(),
      headers: {
        ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...sent.headers,
      },
      ...(sent.raw !== undefined || sent.body !== undefined
        ? { body: sent.raw ?? JSON.stringify(sent.body) }
        : {}),
    });
    const text = await response.text();
    expect(response.status, `${id}: ${text.slice(0, 500)}`).toBe(status);
    const type = response.headers.get('content-type')?.split(';')[0];
    const body: unknown = type?.endsWith('json') ? JSON.parse(text) : text;
    this.check(operation, { status, type, headers: response.headers, body });
    this.#seen.add(`${id} ${status}`);
    return { status, headers: response.headers, body };
  }

  #addressOf({ path }: Operation, { params = {}, query }: Sent): string {
    const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
      const value = params[name];
      if (value === undefined) throw new Error(`${path} needs ${name}.`);
      return encodeURIComponent(value);
    });
    return `${this.#url}${filled}${query === undefined ? '' : `?${query}`}`;
  }

  /** The operation that a request is for. `undefined`: the document has none. */
  operationAt(method: string, pathname: string): Operation | undefined {
    const asked = method === 'HEAD' ? 'get' : method.toLowerCase();
    const found = [...this.operations.values()].filter(
      one => one.method === asked && patternOf(one.path).test(pathname),
    );
    // A path that is written out goes before one with parameters, as it does in the gateway.
    return found.sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
  }

  /** Holds an answer that no operation of the document gives against what every problem is. */
  checkProblem(body: unknown, what: string): void {
    this.#validate(['components', 'schemas', 'Problem'], body, what);
  }

  /** Holds an answer against the document. Without `body`, it is not looked at. */
  check({ operationId, method, path, responses }: Operation, answer: Answer): void {
    const { status, type, headers, body } = answer;
    const what = `${operationId} ${status}`;
    const documented = responses[status];
    if (!documented) throw new Error(`The document does not know ${what}.`);
    const at = ['paths', path, method, 'responses', String(status)];
    const types = Object.keys(documented.content ?? {});
    if (types.length === 0) expect(body ?? '', what).toBe('');
    else {
      expect(types, what).toEqual([type]);
      if ('body' in answer) this.#validate([...at, 'content', type ?? '', 'schema'], body, what);
    }
    for (const [name, { required }] of Object.entries(documented.headers ?? {})) {
      const value = headers.get(name);
      if (required) expect(value, `${what}: header ${name}`).not.toBeNull();
      if (value !== null) this.#validate([...at, 'headers', name, 'schema'], value, `${what}: ${name}`);
    }
    for (const name of ['location', 'retry-after', 'etag', 'link', 'preference-applied', 'www-authenticate'])
      if (headers.has(name)) expect(Object.keys(documented.headers ?? {}), what).toContain(name);
  }

  #validate(path: readonly string[], value: unknown, what: string): void {
    const pointer = path.map(
      part => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`,
    );
    const $ref = `openapi#${pointer.join('')}`;
    let validate = this.#validators.get($ref);
    if (!validate) {
      validate = this.#ajv.compile({ $ref });
      this.#validators.set($ref, validate);
    }
    validate(value);
    expect(validate.errors ?? [], `${what}: ${JSON.stringify(value)?.slice(0, 500)}`).toEqual([]);
  }
}

function patternOf(path: string): RegExp {
  const parts = path.split(/\{[^}]+\}/).map(part => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]+')}$`);
}
