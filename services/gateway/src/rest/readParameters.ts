import { faultsText, issuesOf } from '@longhaul/proto/wire';
import { z } from 'zod';
import { RequestError } from './problem.ts';

type Raw = Readonly<Record<string, string | readonly string[] | undefined>>;
type Kind = 'number' | 'list' | 'text';

/**
 * Reads parameters, which arrive as text, into what a schema takes: whole numbers where it takes numbers, lists (by
 * commas, or the name repeated) where it takes arrays.
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

  /** @throws RequestError INVALID_REQUEST that names each parameter at fault */
  read(raw: Raw): Record<string, unknown> {
    const values = this.#place === 'header' ? this.#known(raw) : this.#all(raw);
    const parsed = this.#schema.safeParse(values);
    if (parsed.success) return parsed.data;
    const what = this.#place === 'header' ? 'A header is malformed' : 'A parameter is malformed';
    const issues = parsed.error.issues.flatMap((issue, index) => {
      const fault = issuesOf(parsed.error)[index];
      if (!fault) return [];
      // One issue names all parameters that there are not; each of them is at fault.
      return issue.code === 'unrecognized_keys'
        ? issue.keys.map(key => ({ ...fault, path: [key] }))
        : [fault];
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

  /** With those that there are not: a misspelt option is better refused than passed over. */
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
