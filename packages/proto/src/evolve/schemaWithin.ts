import { type JsonSchema, resolve, type Side } from './jsonSchema.ts';
import { numberMisfits, stringMisfits, valueMisfit } from './scalarMisfits.ts';

/** Why values of one schema need not fit another: where, and in words. */
export type Misfit = { readonly path: string; readonly what: string };

/** What is compared with what, and how their values come about. */
export type Comparison = {
  /** Whose values are asked about. */
  readonly from: Side;
  /** What they are to fit. */
  readonly to: Side;
  /** The values have been parsed by `from`, so that its defaults stand in them; those of callers are as they were sent. */
  readonly defaultsApplied: boolean;
};

/**
 * Finds out whether every value of one JSON Schema fits another, as zod writes them. What cannot be proved counts as a
 * misfit: a verdict of none can be relied on. An object whose schema says nothing of further fields has none.
 */
export function misfits(comparison: Comparison): Misfit[] {
  return compare(comparison.from.root, comparison.to.root, '', comparison, new Set());
}

function compare(
  fromRaw: JsonSchema,
  toRaw: JsonSchema,
  path: string,
  comparison: Comparison,
  open: ReadonlySet<string>,
): Misfit[] {
  // Schemas that refer to themselves: a pair that is being compared is taken to fit, as in any proof by induction.
  const pair = `${JSON.stringify(fromRaw)}|${JSON.stringify(toRaw)}`;
  if (open.has(pair)) return [];
  const seen = new Set([...open, pair]);
  const from = resolve(fromRaw, comparison.from);
  const to = resolve(toRaw, comparison.to);
  const again = (a: JsonSchema, b: JsonSchema, at = path) => compare(a, b, at, comparison, seen);
  const say = (what: string): Misfit[] => [{ path, what }];
  const { from: fromSide, to: toSide } = comparison;

  if (isNever(from)) return [];
  if (isNever(to)) return say(`the ${toSide.label} contract takes no value here`);
  const branches = alternativesOf(from);
  if (branches) return branches.flatMap(branch => again(branch, to));
  if (from.allOf) {
    const each = from.allOf.map(part => again(part, to));
    return each.find(found => found.length === 0) ?? each[0] ?? [];
  }
  if (to.allOf) {
    const { allOf, ...rest } = to;
    return [...allOf, rest].flatMap(part => again(from, part));
  }
  const choices = alternativesOf(to);
  if (choices) {
    const tries = choices.map(choice => again(from, choice));
    if (tries.some(found => found.length === 0)) return [];
    const [only] = tries;
    if (tries.length === 1 && only) return only;
    // The alternative that fails deepest is the one that was meant.
    const nearest = tries.toSorted((a, b) => depthOf(b) - depthOf(a))[0] ?? [];
    return depthOf(nearest) > path.split('.').length
      ? nearest
      : say(`fits none of the ${choices.length} alternatives of the ${toSide.label} contract`);
  }
  const values = valuesOf(from);
  if (values) return values.flatMap(value => valueMisfit(value, to, toSide).map(what => ({ path, what })));
  const allowed = valuesOf(to);
  if (allowed)
    return say(
      `the ${toSide.label} contract takes ${listed(allowed)} alone, the ${fromSide.label} one others too`,
    );
  if (to.type !== undefined && !isOfType(from.type, to.type))
    return say(
      `is ${from.type ?? 'anything'} in the ${fromSide.label} contract and ${to.type} in the ${toSide.label} one`,
    );
  const unknown = unknownRules(from, to);
  if (unknown.length > 0)
    return say(`has other rules (${unknown.join(', ')}) in the ${toSide.label} contract`);
  switch (from.type) {
    case 'string':
      return stringMisfits(from, to, toSide).flatMap(say);
    case 'number':
    case 'integer':
      return numberMisfits(from, to, toSide).flatMap(say);
    case 'array':
      return arrayMisfits(from, to, path, comparison, again);
    case 'object':
      return objectMisfits(from, to, path, comparison, again);
    default:
      return [];
  }
}

type Again = (from: JsonSchema, to: JsonSchema, path?: string) => Misfit[];

function arrayMisfits(
  from: JsonSchema,
  to: JsonSchema,
  path: string,
  { to: side }: Comparison,
  again: Again,
): Misfit[] {
  const found: Misfit[] = [];
  const heads = Math.max(from.prefixItems?.length ?? 0, to.prefixItems?.length ?? 0);
  for (let at = 0; at < heads; at += 1)
    found.push(...again(itemAt(from, at), itemAt(to, at), `${path}[${at}]`));
  found.push(...again(itemAt(from, heads), itemAt(to, heads), `${path}[]`));
  if ((to.minItems ?? 0) > (from.minItems ?? 0))
    found.push({ path, what: `needs ${to.minItems} items in the ${side.label} contract` });
  if (to.maxItems !== undefined && to.maxItems < (from.maxItems ?? Number.POSITIVE_INFINITY))
    found.push({ path, what: `takes ${to.maxItems} items at most in the ${side.label} contract` });
  return found;
}

function itemAt({ prefixItems, items }: JsonSchema, at: number): JsonSchema {
  return prefixItems?.[at] ?? schemaOf(items);
}

function objectMisfits(
  from: JsonSchema,
  to: JsonSchema,
  path: string,
  { from: fromSide, to: toSide, defaultsApplied }: Comparison,
  again: Again,
): Misfit[] {
  const found: Misfit[] = [];
  const at = (key: string) => (path === '' ? key : `${path}.${key}`);
  const fromFields = new Map(Object.entries(from.properties ?? {}));
  const toFields = new Map(Object.entries(to.properties ?? {}));
  const always = new Set(from.required ?? []);
  if (defaultsApplied) for (const [key, field] of fromFields) if ('default' in field) always.add(key);
  for (const key of to.required ?? []) {
    const field = toFields.get(key);
    if (always.has(key) || (field && 'default' in field)) continue;
    const why = fromFields.has(key) ? 'may lack it' : 'does not have it';
    found.push({
      path: at(key),
      what: `is required in the ${toSide.label} contract; the ${fromSide.label} one ${why}`,
    });
  }
  for (const [key, field] of toFields) {
    const before = fromFields.get(key) ?? furtherFields(from);
    if (before) found.push(...again(before, field, at(key)));
  }
  const further = to.additionalProperties;
  for (const [key, field] of fromFields) {
    if (toFields.has(key)) continue;
    if (further === false)
      found.push({ path: at(key), what: `is a field that the ${toSide.label} contract refuses` });
    else if (typeof further === 'object') found.push(...again(field, further, at(key)));
    if (to.propertyNames)
      found.push(...valueMisfit(key, to.propertyNames, toSide).map(what => ({ path: at(key), what })));
  }
  const open = furtherFields(from);
  if (open) {
    if (further === false)
      found.push({ path, what: `may have further fields, which the ${toSide.label} contract refuses` });
    else if (typeof further === 'object') found.push(...again(open, further, at('*')));
    if (to.propertyNames)
      found.push(...again(from.propertyNames ?? { type: 'string' }, to.propertyNames, at('*')));
  }
  return found;
}

/** What an object may have beside its named fields; where the schema does not say, nothing is written. */
function furtherFields({ additionalProperties }: JsonSchema): JsonSchema | undefined {
  if (additionalProperties === undefined || additionalProperties === false) return undefined;
  return schemaOf(additionalProperties);
}

const schemaOf = (schema: JsonSchema | boolean | undefined): JsonSchema =>
  typeof schema === 'object' ? schema : schema === false ? { not: {} } : {};

const isNever = ({ not }: JsonSchema): boolean => not !== undefined && Object.keys(not).length === 0;

/** The alternatives of a union; of an object with rules about its fields (`oneOf` of `required` alone) there are none. */
function alternativesOf(schema: JsonSchema): readonly JsonSchema[] | undefined {
  const { anyOf, oneOf, ...rest } = schema;
  const branches = anyOf ?? oneOf;
  if (branches && !schema.properties) return branches;
  if (Array.isArray(schema.type)) return schema.type.map(type => ({ ...rest, type }));
  return undefined;
}

function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  if ('const' in schema) return [schema.const];
  if (schema.enum) return schema.enum;
  return schema.type === 'null' ? [null] : undefined;
}

function isOfType(from: JsonSchema['type'], to: JsonSchema['type']): boolean {
  return from === to || (from === 'integer' && to === 'number');
}

/** The rules that are understood here, and the words that are no rules. */
const understood = new Set(
  'type enum const properties required additionalProperties propertyNames items prefixItems minItems maxItems minLength maxLength pattern format contentEncoding minimum maximum exclusiveMinimum exclusiveMaximum multipleOf not allOf title description default examples deprecated readOnly writeOnly id $schema $id $comment $defs'.split(
    ' ',
  ),
);

function unknownRules(from: JsonSchema, to: JsonSchema): string[] {
  return Object.keys(to).filter(
    key => !understood.has(key) && JSON.stringify(from[key]) !== JSON.stringify(to[key]),
  );
}

function depthOf(found: readonly Misfit[]): number {
  return Math.max(0, ...found.map(({ path }) => path.split('.').length + (path === '' ? 0 : 1)));
}

function listed(values: readonly unknown[]): string {
  return values.map(value => JSON.stringify(value)).join(', ');
}
