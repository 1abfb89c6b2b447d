/** What a task's author or caller wrote: its keys are theirs. */
const opaque: ReadonlySet<string> = new Set(['input', 'output', 'progress', 'data', 'fields']);

/** A value with its keys in snake_case, as REST writes them; all but what belongs to the task itself. */
export function snakeKeys(value: unknown): unknown {
  return withKeys(value, key => key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`));
}

/** A value with its keys in camelCase, as everything behind REST has them. */
export function camelKeys(value: unknown): unknown {
  return withKeys(value, key => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
}

function withKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map(item => withKeys(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(
    entries.map(([key, item]) => [rename(key), opaque.has(key) ? item : withKeys(item, rename)]),
  );
}
