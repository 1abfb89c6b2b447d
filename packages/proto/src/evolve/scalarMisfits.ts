import { type JsonSchema, resolve, type Side } from './jsonSchema.ts';

/** Why strings of one schema need not fit another. */
export function stringMisfits(from: JsonSchema, to: JsonSchema, { label }: Side): string[] {
  const found: string[] = [];
  if ((to.minLength ?? 0) > (from.minLength ?? 0))
    found.push(`needs ${to.minLength} characters in the ${label} contract`);
  if (to.maxLength !== undefined && to.maxLength < (from.maxLength ?? Number.POSITIVE_INFINITY))
    found.push(`takes ${to.maxLength} characters at most in the ${label} contract`);
  // Whether one pattern says less than another is not decided here: the same one does.
  for (const rule of ['pattern', 'format', 'contentEncoding'] as const)
    if (to[rule] !== undefined && to[rule] !== from[rule])
      found.push(`must be of the ${rule} ${to[rule]} in the ${label} contract`);
  return found;
}

/** Why numbers of one schema need not fit another. */
export function numberMisfits(from: JsonSchema, to: JsonSchema, { label }: Side): string[] {
  const found: string[] = [];
  const low = bound(to.minimum, to.exclusiveMinimum, 1);
  const high = bound(to.maximum, to.exclusiveMaximum, -1);
  const fromLow = bound(from.minimum, from.exclusiveMinimum, 1);
  const fromHigh = bound(from.maximum, from.exclusiveMaximum, -1);
  if (low && (!fromLow || isTighter(low, fromLow, 1)))
    found.push(`must be ${low.open ? 'more than' : 'at least'} ${low.at} in the ${label} contract`);
  if (high && (!fromHigh || isTighter(high, fromHigh, -1)))
    found.push(`must be ${high.open ? 'less than' : 'at most'} ${high.at} in the ${label} contract`);
  const step = to.multipleOf;
  if (step !== undefined && step !== from.multipleOf)
    found.push(`must be a multiple of ${step} in the ${label} contract`);
  return found;
}

type Bound = { readonly at: number; readonly open: boolean };

function bound(closed: number | undefined, open: number | undefined, sign: 1 | -1): Bound | undefined {
  if (closed === undefined) return open === undefined ? undefined : { at: open, open: true };
  if (open === undefined || sign * (open - closed) < 0) return { at: closed, open: false };
  return { at: open, open: true };
}

function isTighter(one: Bound, other: Bound, sign: 1 | -1): boolean {
  return one.at === other.at ? one.open && !other.open : sign * (one.at - other.at) > 0;
}

/** Why one value does not fit a schema: for the values of enumerations, which are scalars. */
export function valueMisfit(value: unknown, raw: JsonSchema, side: Side): string[] {
  const schema = resolve(raw, side);
  const shown = JSON.stringify(value);
  const refused = [`${shown} is not taken by the ${side.label} contract`];
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) return branches.some(branch => valueMisfit(value, branch, side).length === 0) ? [] : refused;
  if (schema.allOf?.some(part => valueMisfit(value, part, side).length > 0)) return refused;
  if (schema.not && Object.keys(schema.not).length === 0) return refused;
  if ('const' in schema) return schema.const === value ? [] : refused;
  if (schema.enum) return schema.enum.includes(value) ? [] : refused;
  const types = [schema.type ?? typeOf(value)].flat();
  if (!types.some(type => type === typeOf(value) || (type === 'number' && typeOf(value) === 'integer')))
    return refused;
  // As narrow a schema as can be, so that the rules for strings and numbers tell.
  if (typeof value === 'string') {
    const { length } = value;
    const { pattern, format, ...rules } = schema;
    const matches = pattern === undefined ? format === undefined : new RegExp(pattern, 'u').test(value);
    const own = {
      type: 'string',
      minLength: length,
      maxLength: length,
      contentEncoding: rules.contentEncoding,
    };
    return matches && stringMisfits(own as JsonSchema, rules, side).length === 0 ? [] : refused;
  }
  if (typeof value === 'number') {
    const { multipleOf, ...rules } = schema;
    const divides = multipleOf === undefined || Number.isInteger(value / multipleOf);
    return divides && numberMisfits({ minimum: value, maximum: value }, rules, side).length === 0
      ? []
      : refused;
  }
  return [];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
