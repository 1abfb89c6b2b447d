import { z } from 'zod';

/**
 * The schema of what a caller sends: a field that is not in it is refused, and the nearest that there is named.
 * A misspelt option that is passed over does something else than was meant, without an error.
 */
export function strictOptions<S extends z.ZodRawShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape, {
    error: issue => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const { inst } = issue;
      // Of the very schema that refuses: an extended one has more fields than the one that it was made from.
      const known = inst instanceof z.ZodObject ? inst : z.object({});
      return (issue.keys as string[]).map(key => unknownOption(key, known)).join(' ');
    },
  });
}

/** The names of an options object, and which of them have to be given. The compiler compares it with the options' type. */
export type OptionNames<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? 'optional' : 'required';
};

/**
 * Checks the names of options that a program gives: callers without types, or with options from elsewhere, would have a
 * misspelt one passed over, and with it their authentication.
 *
 * @param of the function that takes them
 * @throws RangeError that names each, and the nearest that there is
 */
export function requireKnownOptions(
  of: string,
  options: object,
  names: Readonly<Record<string, 'optional' | 'required'>>,
): void {
  const shape = Object.entries(names).map(([name, kind]) => {
    const error = `The option "${name}" is missing.`;
    return [
      name,
      kind === 'required' ? z.unknown().refine(value => value !== undefined, { error }) : z.unknown(),
    ];
  });
  const parsed = strictOptions(Object.fromEntries(shape))
    .partial(
      Object.fromEntries(
        Object.entries(names).flatMap(([name, kind]) => (kind === 'optional' ? [[name, true]] : [])),
      ),
    )
    .safeParse(options);
  if (parsed.success) return;
  throw new RangeError(`${of}: ${parsed.error.issues.map(({ message }) => message).join(' ')}`);
}

function unknownOption(key: string, { shape }: z.ZodObject): string {
  const known = Object.keys(shape);
  const all = known.map(name => ({ name, path: name }));
  // It may have been put one level too high, as `maxAttempts` beside `policy`.
  for (const [field, inner] of Object.entries(shape))
    for (const name of fieldsOf(inner)) all.push({ name, path: `${field}.${name}` });
  const near = all
    .map(({ name, path }) => ({ path, edits: editsBetween(plain(key), plain(name)) }))
    .sort((a, b) => a.edits - b.edits)[0];
  const isNear = near !== undefined && near.edits <= Math.max(1, Math.floor(key.length / 3));
  const advice = isNear
    ? `Did you mean "${near.path}"?`
    : `There are: ${known.length === 0 ? 'none' : known.join(', ')}.`;
  return `There is no option "${key}". ${advice}`;
}

function fieldsOf(schema: z.core.$ZodType): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  return schema instanceof z.ZodOptional ? fieldsOf(schema.unwrap()) : [];
}

/** `delay_ms` and `delayMs` are one name, written by two customs. */
function plain(name: string): string {
  return name.replaceAll(/[_-]/g, '').toLowerCase();
}

/** How many letters have to be added, dropped, changed or swapped with the next one. */
function editsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  const cell = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
          ? cell(i - 2, j - 2) + 1
          : Number.POSITIVE_INFINITY;
      const edits = Math.min(cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + same, swapped);
      rows[i]?.push(edits);
    }
  }
  return cell(a.length, b.length);
}
