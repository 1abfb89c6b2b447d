/** Members with values of task authors and callers, whose keys are not changed. */
const opaque: ReadonlySet<string> = new Set(['input', 'output', 'progress', 'data', 'fields']);

/** Converts keys to snake_case, as in REST, except inside opaque members. */
export function snakeKeys(value: unknown): unknown {
  return withKeys(value, key => key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`));
}

/** Converts keys to camelCase, as in the service. */
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
