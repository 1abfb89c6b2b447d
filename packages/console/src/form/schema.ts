/** JSON, as far as a form holds it. What is not there yet is `undefined`. */
export type Value = unknown;
/** A JSON Schema of draft 2020-12, as `tasks.types` answers it. */
export type Schema = { readonly [keyword: string]: unknown };

/** What a form shows for a schema; `json`: a text field for JSON, where nothing better fits. */
export type Field = FieldHead &
  (
    | { readonly kind: 'object'; readonly properties: readonly Property[] }
    | { readonly kind: 'array'; readonly items: Schema }
    | { readonly kind: 'map'; readonly values: Schema }
    | { readonly kind: 'choice'; readonly options: readonly Value[] }
    | { readonly kind: 'union'; readonly branches: readonly Schema[] }
    | { readonly kind: 'text'; readonly look: 'line' | 'long' | 'path' | 'file' }
    | { readonly kind: 'number'; readonly whole: boolean }
    | { readonly kind: 'boolean' }
    | { readonly kind: 'json' }
  );
export type FieldHead = {
  readonly title: string | undefined;
  readonly description: string | undefined;
  readonly example: Value;
  readonly schema: Schema;
};
export type Property = { readonly key: string; readonly schema: Schema; readonly required: boolean };

/** A text that may be longer than this gets several lines. */
const lineLimit = 5_000;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A schema itself, where it is a reference into the root's definitions. */
export function resolve(schema: Schema, root: Schema): Schema {
  const reference = textOf(schema.$ref);
  if (reference === undefined) return schema;
  const target = reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .reduce<unknown>((at, step) => (isSchema(at) ? at[step] : undefined), root);
  const { $ref: _ref, ...beside } = schema;
  return isSchema(target) ? { ...target, ...beside } : {};
}

/** What to show for a schema, one level deep: its children are schemas, so that a recursive one comes to an end. */
export function readField(given: Schema, root: Schema): Field {
  const schema = resolve(given, root);
  const head = {
    title: textOf(schema.title),
    description: textOf(schema.description),
    example: listOf(schema.examples)[0],
    schema,
  };
  if ('const' in schema) return { ...head, kind: 'choice', options: [schema.const] };
  if (Array.isArray(schema.enum)) return { ...head, kind: 'choice', options: schema.enum };
  const branches = branchesOf(schema);
  const solid = branches.filter(branch => resolve(branch, root).type !== 'null');
  const [only] = solid;
  // `nullable`: the one branch that is not null, and to leave it out stands for null's sake.
  if (solid.length === 1 && only) {
    const field = readField(only, root);
    return { ...field, title: head.title ?? field.title, description: head.description ?? field.description };
  }
  if (solid.length > 1) return { ...head, kind: 'union', branches: solid };
  switch (schema.type) {
    case 'object':
      return { ...head, ...objectPart(schema) };
    case 'array':
      return isSchema(schema.items)
        ? { ...head, kind: 'array', items: schema.items }
        : { ...head, kind: 'json' };
    case 'string':
      return { ...head, kind: 'text', look: lookOf(schema) };
    case 'integer':
    case 'number':
      return { ...head, kind: 'number', whole: schema.type === 'integer' };
    case 'boolean':
      return { ...head, kind: 'boolean' };
    default:
      return { ...head, kind: 'json' };
  }
}

/** A union is written as `anyOf`, `oneOf`, or for simple types as a list of them. */
function branchesOf(schema: Schema): readonly Schema[] {
  if (Array.isArray(schema.type)) {
    const { title: _title, description: _description, default: _default, ...rules } = schema;
    return schema.type.map((type: unknown) => ({ ...rules, type }));
  }
  const branches = listOf(schema.anyOf ?? schema.oneOf).filter(isSchema);
  // Branches of an object that say only which of its fields are needed are rules, and no forms of their own.
  const areRules =
    isSchema(schema.properties) && branches.every(branch => Object.keys(branch).join() === 'required');
  return areRules ? [] : branches;
}

function objectPart(
  schema: Schema,
):
  | { readonly kind: 'object'; readonly properties: readonly Property[] }
  | { readonly kind: 'map'; readonly values: Schema }
  | { readonly kind: 'json' } {
  if (isSchema(schema.properties)) {
    const required = new Set(listOf(schema.required));
    const properties = Object.entries(schema.properties).flatMap(([key, child]) =>
      isSchema(child) ? [{ key, schema: child, required: required.has(key) && !('default' in child) }] : [],
    );
    return { kind: 'object', properties };
  }
  return isSchema(schema.additionalProperties)
    ? { kind: 'map', values: schema.additionalProperties }
    : { kind: 'json' };
}

function lookOf(schema: Schema): 'line' | 'long' | 'path' | 'file' {
  if (schema.contentEncoding === 'base64') return 'file';
  if (typeof schema.maxLength === 'number' && schema.maxLength > lineLimit) return 'long';
  const words = `${textOf(schema.title) ?? ''} ${textOf(schema.description) ?? ''}`;
  if (/\b(file|folder|path|directory)\b/i.test(words) && schema.format === undefined) return 'path';
  if (/^text$/i.test(textOf(schema.title) ?? '')) return 'long';
  return 'line';
}

/** What a field is called where its schema gives no title: `maxEntities` → `Max entities`. */
export function titleOf(key: string): string {
  const words = key
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll(/[_-]+/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a form begins with: defaults, and everything that must be there in its empty form. */
export function initialValue(given: Schema, root: Schema): Value {
  const field = readField(given, root);
  if ('default' in field.schema) return field.schema.default;
  switch (field.kind) {
    case 'object':
      return Object.fromEntries(
        field.properties
          .filter(({ schema, required }) => required || 'default' in resolve(schema, root))
          .map(({ key, schema }) => [key, initialValue(schema, root)]),
      );
    case 'array':
      return [];
    case 'map':
      return {};
    case 'text':
      return '';
    case 'boolean':
      return false;
    case 'choice':
      return field.options.length === 1 ? field.options[0] : undefined;
    case 'union':
      return field.branches[0] && initialValue(field.branches[0], root);
    default:
      return undefined;
  }
}

/** An earlier input, with the defaults that it left out, so that a form shows what was really worked with. */
export function withDefaults(value: Value, given: Schema, root: Schema): Value {
  const field = readField(given, root);
  if (field.kind === 'union') {
    const branch = field.branches[branchOf(field.branches, value, root)];
    return branch ? withDefaults(value, branch, root) : value;
  }
  if (field.kind !== 'object' || !isSchema(value)) return value;
  const missing = field.properties.flatMap(({ key, schema }) => {
    const resolved = resolve(schema, root);
    return !(key in value) && 'default' in resolved ? [[key, resolved.default] as const] : [];
  });
  const present = Object.entries(value).map(([key, part]) => {
    const property = field.properties.find(one => one.key === key);
    return [key, property ? withDefaults(part, property.schema, root) : part] as const;
  });
  return Object.fromEntries([...present, ...missing]);
}

/** Which branch of a union a value is of: the one that knows most of what it has. */
export function branchOf(branches: readonly Schema[], value: Value, root: Schema): number {
  const scores = branches.map(branch => likeness(readField(branch, root), value));
  return Math.max(0, scores.indexOf(Math.max(...scores)));
}

function likeness(field: Field, value: Value): number {
  switch (field.kind) {
    case 'object': {
      if (!isSchema(value)) return -1;
      const known = new Map(field.properties.map(property => [property.key, property]));
      let score = 1;
      for (const [key, part] of Object.entries(value)) {
        const property = known.get(key);
        if (!property) score -= 10;
        else if ('const' in property.schema) score += property.schema.const === part ? 20 : -20;
        else score += property.required ? 3 : 1;
      }
      return score;
    }
    case 'map':
      return isSchema(value) ? 1 : -1;
    case 'array':
      return Array.isArray(value) ? 1 : -1;
    case 'choice':
      return field.options.includes(value) ? 2 : -1;
    case 'text':
      return typeof value === 'string' ? 1 : -1;
    case 'number':
      return typeof value === 'number' ? 1 : -1;
    case 'boolean':
      return typeof value === 'boolean' ? 1 : -1;
    default:
      return 0;
  }
}
