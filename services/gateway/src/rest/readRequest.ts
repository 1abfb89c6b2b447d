import { faultsText, GatewayError, issuesOf, waitLimitMs } from '@longhaul/proto/wire';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequestError } from './problem.ts';

type Raw = Readonly<Record<string, string | readonly string[] | undefined>>;
type Kind = 'number' | 'list' | 'text';

/**
 * Reads parameters, which are text, by a schema: whole numbers for numbers, lists (separated by commas, or by repeating the
 * parameter) for arrays.
 */
export class ParameterReader {
  readonly #place: 'parameter' | 'header';
  readonly #schema: z.ZodObject;
  readonly #kinds: ReadonlyMap<string, Kind>;

  constructor(place: 'parameter' | 'header', schema: z.ZodObject) {
    this.#place = place;
    this.#schema = schema;
    this.#kinds = new Map(Object.entries(schema.shape).map(([name, part]) => [name, kindOf(part)]));
  }

  /** @throws RequestError INVALID_REQUEST that names each invalid parameter */
  read(raw: Raw): Record<string, unknown> {
    const values = this.#place === 'header' ? this.#known(raw) : this.#all(raw);
    const parsed = this.#schema.safeParse(values);
    if (parsed.success) return parsed.data;
    const what = this.#place === 'header' ? 'A header is malformed' : 'A parameter is malformed';
    const issues = parsed.error.issues.flatMap((issue, index) => {
      const found = issuesOf(parsed.error)[index];
      if (!found) return [];
      // One issue names all unknown parameters; each gets an issue of its own.
      return issue.code === 'unrecognized_keys'
        ? issue.keys.map(key => ({ ...found, path: [key] }))
        : [found];
    });
    const message = `${what}:\n${faultsText(parsed.error)}`;
    throw new RequestError(
      'INVALID_REQUEST',
      message,
      { place: this.#place },
      { issues, cause: parsed.error },
    );
  }

  #known(raw: Raw): Record<string, unknown> {
    const values = [...this.#kinds].map(([name, kind]) => [name, typed(kind, raw[name])] as const);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  }

  /** Includes unknown parameters, so that the schema refuses a misspelt option instead of ignoring it. */
  #all(raw: Raw): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(raw).map(([name, value]) => [name, typed(this.#kinds.get(name) ?? 'text', value)]),
    );
  }
}

function kindOf(part: z.core.$ZodType): Kind {
  const { type } = z.toJSONSchema(part, { io: 'input' });
  if (type === 'array') return 'list';
  return type === 'integer' || type === 'number' ? 'number' : 'text';
}

function typed(kind: Kind, value: Raw[string]): unknown {
  if (value === undefined) return undefined;
  if (kind === 'list') return [value].flat().flatMap(part => part.split(','));
  if (kind === 'number' && typeof value === 'string' && /^\d{1,15}$/.test(value)) return Number(value);
  return value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a JSON body. An empty body is `undefined`.
 * @throws GatewayError UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST
 */
export function readBody({ headers }: FastifyRequest, bytes: Buffer): unknown {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'The body is compressed. Send it uncompressed.');
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'The body is not UTF-8. JSON is always UTF-8.');
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch (cause) {
    throw new GatewayError('INVALID_REQUEST', `The body is not JSON: ${reasonOf(cause)}`, { cause });
  }
}

/** The parser's reason, without the part of the body that it quotes. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof SyntaxError)) return 'it is not UTF-8. Send it as UTF-8.';
  const at = /at position \d+/.exec(cause.message)?.[0];
  return at === undefined ? 'it is incomplete, or has data after its end.' : `it is malformed ${at}.`;
}

/** The preferences of a caller for the answer (RFC 7240). */
export type Preferences = {
  /** `respond-async`: whether to answer without waiting. */
  readonly respondAsync: boolean;
  /** `wait=N`: how many seconds to wait for the result, limited to the maximum of the gateway. */
  readonly waitSeconds: number | undefined;
};

/** A preference: its name, an optional value, and parameters, which are ignored. */
const preference =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?\s*(?:;.*)?$/;

/** Reads the header `Prefer`. Unknown and malformed preferences are ignored, and the first of two applies (RFC 7240). */
export function readPrefer(header: string | undefined): Preferences {
  const found = new Map<string, string>();
  for (const part of (header ?? '').split(',')) {
    const [, name, quoted, token] = preference.exec(part.trim()) ?? [];
    if (name === undefined || found.has(name.toLowerCase())) continue;
    found.set(name.toLowerCase(), quoted ?? token ?? '');
  }
  const wait = found.get('wait');
  return {
    respondAsync: found.has('respond-async'),
    waitSeconds:
      wait !== undefined && /^\d+$/.test(wait) ? Math.min(Number(wait), waitLimitMs / 1_000) : undefined,
  };
}

/** The header `Preference-Applied` for applied preferences. */
export function preferenceApplied({ respondAsync, waitSeconds }: Preferences): Record<string, string> {
  const applied = [
    ...(respondAsync ? ['respond-async'] : []),
    ...(waitSeconds === undefined ? [] : [`wait=${waitSeconds}`]),
  ];
  return applied.length === 0 ? {} : { 'preference-applied': applied.join(', ') };
}

/** Whether `If-None-Match` contains an entity tag, by weak comparison (RFC 9110, 13.1.2). */
export function matchesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const bare = (one: string) => one.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some(one => bare(one) === bare(tag));
}
