import { branchOf, readField, type Schema, type Value } from './schema.ts';

/** One fault, and where: the keys from the root of the input. */
export type FieldFault = { readonly path: readonly (string | number)[]; readonly message: string };

/** A text that does not read as a number, kept as it was typed until it does. */
export type Unread = { readonly unread: string };
export const isUnread = (value: Value): value is Unread =>
  typeof value === 'object' && value !== null && 'unread' in value && Object.keys(value).length === 1;

/** The name of a place, to find a field by its fault. */
export const placeOf = (path: FieldFault['path']): string => ['input', ...path].join('.');

/**
 * What can be said of an input without the gateway: what is missing, and simple limits, so that it is said while one
 * types. The gateway's schema has the last word, with its own messages.
 */
export function faultsIn(
  schema: Schema,
  root: Schema,
  value: Value,
  path: FieldFault['path'] = [],
): FieldFault[] {
  const field = readField(schema, root);
  const fault = (message: string): FieldFault[] => [{ path, message }];
  if (isUnread(value)) return fault(field.kind === 'json' ? 'This is no JSON yet.' : 'Write a number.');
  if (value === undefined) {
    if (field.kind === 'json') return [];
    return fault(field.kind === 'choice' ? 'Choose one.' : 'This is needed.');
  }
  const { schema: rules } = field;
  switch (field.kind) {
    case 'object': {
      const parts = value as Readonly<Record<string, Value>>;
      return field.properties.flatMap(({ key, schema: child, required }) =>
        parts[key] === undefined && !required ? [] : faultsIn(child, root, parts[key], [...path, key]),
      );
    }
    case 'array': {
      const items = value as readonly Value[];
      const within = items.flatMap((item, index) => faultsIn(field.items, root, item, [...path, index]));
      const few = limit(
        rules.minItems,
        least => items.length < least,
        least => `At least ${least}.`,
      );
      const many = limit(
        rules.maxItems,
        most => items.length > most,
        most => `${most} at most.`,
      );
      const own = few ?? many;
      return own === undefined ? within : [...fault(own), ...within];
    }
    case 'map':
      return Object.entries(value as Readonly<Record<string, Value>>).flatMap(([key, part]) =>
        faultsIn(field.values, root, part, [...path, key]),
      );
    case 'union': {
      const branch = field.branches[branchOf(field.branches, value, root)];
      return branch ? faultsIn(branch, root, value, path) : [];
    }
    case 'text': {
      const text = String(value);
      const own =
        limit(
          rules.minLength,
          least => text.length < least,
          least => (least === 1 ? 'This is needed.' : `At least ${least} characters.`),
        ) ??
        limit(
          rules.maxLength,
          most => text.length > most,
          most => `${most} characters at most.`,
        );
      return own === undefined ? [] : fault(own);
    }
    case 'number': {
      const number = Number(value);
      const own =
        (field.whole && !Number.isInteger(number) ? 'Write a whole number.' : undefined) ??
        limit(
          rules.minimum,
          least => number < least,
          least => `${least} or more.`,
        ) ??
        limit(
          rules.maximum,
          most => number > most,
          most => `${most} at most.`,
        ) ??
        limit(
          rules.exclusiveMinimum,
          least => number <= least,
          least => `More than ${least}.`,
        ) ??
        limit(
          rules.exclusiveMaximum,
          most => number >= most,
          most => `Less than ${most}.`,
        );
      return own === undefined ? [] : fault(own);
    }
    default:
      return [];
  }
}

function limit(
  rule: unknown,
  broken: (bound: number) => boolean,
  message: (bound: number) => string,
): string | undefined {
  return typeof rule === 'number' && broken(rule) ? message(rule) : undefined;
}
