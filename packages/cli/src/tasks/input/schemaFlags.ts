import { UsageError } from '../../output/usageError.ts';

/** A JSON Schema, as `tasks.types` answers it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A flag that a schema has. */
export type SchemaFlag = {
  /** The field, with a dot before each deeper one: `source.path`. */
  readonly path: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
};

/** Fields of objects in objects have flags of their own down to here; what is deeper is given as JSON. */
const deepest = 3;

/** The flags of an input: one for each field. */
export function schemaFlags(
  schema: JsonSchema,
  root: JsonSchema = schema,
  prefix = '',
  depth = 1,
): SchemaFlag[] {
  const { properties, required } = resolved(schema, root);
  if (!isObject(properties)) return [];
  const needed = new Set(Array.isArray(required) ? required : []);
  return Object.entries(properties).flatMap(([name, field]) => {
    const here = resolved(isObject(field) ? field : {}, root);
    const path = `${prefix}${name}`;
    const inner = depth < deepest ? schemaFlags(here, root, `${path}.`, depth + 1) : [];
    return [{ path, schema: here, required: needed.has(name) }, ...inner];
  });
}

/**
 * Makes an input of flags: `--width 200 --files a.png --files b.png --no-cache --source.path talk.mp3`. A name may be
 * written as the field is, or in kebab-case. A field whose name is an option of the command is written `--input.NAME`.
 *
 * @throws UsageError for a flag that the schema does not have, and a value that does not fit it
 */
export function inputOfFlags(args: readonly string[], schema: JsonSchema): unknown {
  const flags = new Map(schemaFlags(schema).map(flag => [plain(flag.path), flag]));
  const input: Record<string, unknown> = {};
  for (let at = 0; at < args.length; at += 1) {
    const { name, given } = splitFlag(args[at] ?? '');
    const negated = plain(name).startsWith('no') ? flags.get(plain(name).slice(2)) : undefined;
    const flag =
      flags.get(plain(name)) ?? (negated && typesOf(negated.schema).has('boolean') ? negated : undefined);
    if (!flag) throw new UsageError(unknownFlag(name, [...flags.values()]));
    const isBoolean = typesOf(flag.schema).has('boolean');
    let value: unknown;
    if (given !== undefined) value = fieldValue(flag, given);
    else if (isBoolean && !isValue(args[at + 1])) value = flag !== negated;
    else {
      const next = args[at + 1];
      if (next === undefined) throw new UsageError(`--${flag.path} needs a value.`);
      value = fieldValue(flag, next);
      at += 1;
    }
    put(input, flag, value);
  }
  return input;
}

function splitFlag(arg: string): { readonly name: string; readonly given?: string } {
  if (!arg.startsWith('--'))
    throw new UsageError(`"${arg}" is not a flag. Write --NAME VALUE for each field.`);
  const equals = arg.indexOf('=');
  const name = arg.slice(2, equals < 0 ? undefined : equals).replace(/^input\./, '');
  return equals < 0 ? { name } : { name, given: arg.slice(equals + 1) };
}

/** What a boolean flag may be followed by. */
const isValue = (text: string | undefined) => text === 'true' || text === 'false';

/** A text as the field's schema wants it. Whether it fits in the end, the gateway says. */
function fieldValue({ path, schema }: SchemaFlag, text: string): unknown {
  const types = typesOf(schema);
  if (types.has('array')) {
    const items = isObject(schema.items) ? schema.items : {};
    return text.startsWith('[')
      ? json(path, text)
      : [fieldValue({ path, schema: items, required: false }, text)];
  }
  if (types.has('number') || types.has('integer')) {
    const number = Number(text);
    if (text.trim() !== '' && Number.isFinite(number)) return number;
    if (!types.has('string') && !types.has('null'))
      throw new UsageError(`--${path} is a number, and "${text}" is none.`);
  }
  if (types.has('boolean') && isValue(text)) return text === 'true';
  if (types.has('null') && text === 'null') return null;
  if (types.has('object') && (text.startsWith('{') || !types.has('string'))) return json(path, text);
  if (types.size === 0 && /^[[{"]|^(?:true|false|null|-?\d)/.test(text)) return looseJson(text);
  return text;
}

function json(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`--${path} takes JSON, and "${text}" is none.`);
  }
}

/** Where the schema says nothing, what reads as JSON is that, and everything else is a text. */
function looseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A flag that is given again adds to a list, and replaces anything else. */
function put(input: Record<string, unknown>, { path }: SchemaFlag, value: unknown): void {
  const keys = path.split('.');
  let at = input;
  for (const key of keys.slice(0, -1)) {
    const next = at[key];
    if (isObject(next)) at = next as Record<string, unknown>;
    else at = at[key] = {} as Record<string, unknown>;
  }
  const last = keys.at(-1) ?? '';
  const before = at[last];
  at[last] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
}

/** The types that a schema permits, also by its alternatives. Empty: any. */
export function typesOf(schema: JsonSchema): ReadonlySet<string> {
  const { type, anyOf, oneOf, enum: values, const: value } = schema;
  if (typeof type === 'string') return new Set([type]);
  if (Array.isArray(type)) return new Set(type.map(String));
  const constants = Array.isArray(values) ? values : value === undefined ? [] : [value];
  if (constants.length > 0)
    return new Set(
      constants.map(each => (each === null ? 'null' : Array.isArray(each) ? 'array' : typeof each)),
    );
  const alternatives = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];
  return new Set(alternatives.filter(isObject).flatMap(each => [...typesOf(each)]));
}

function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (typeof schema.$ref !== 'string') return schema;
  let at: unknown = root;
  for (const key of schema.$ref.replace(/^#\/?/, '').split('/').filter(Boolean))
    at = isObject(at) ? at[key.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  return isObject(at) && at !== schema ? at : {};
}

function unknownFlag(name: string, flags: readonly SchemaFlag[]): string {
  const known = flags.map(({ path }) => `--${path}`).join(', ');
  return `The input has no field "${name}". ${known === '' ? 'It has no fields: give it as JSON.' : `There are: ${known}.`}`;
}

/** `max-width`, `max_width` and `maxWidth` are one name. */
const plain = (name: string) => name.replaceAll(/[_-]/g, '').toLowerCase();

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
