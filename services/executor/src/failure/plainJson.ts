import { cleanText, preview, readProperty } from './safeRead.ts';

/** How deep a value may be nested: what writes and reads it (`JSON.stringify` to begin with) has a stack. */
export const jsonDepthLimit = 1_000;

/** A value that JSON would change or cannot hold, with the place where it is. */
export class NotJsonError extends Error {
  override readonly name = 'NotJsonError';
}

type Path = { readonly key: string | number; readonly above: Path } | undefined;

/**
 * A copy of a value that is JSON as it stands: no getter or `toJSON` of it is run again when it is written, and nothing
 * is silently changed. A property that is `undefined` is left out, as JSON does.
 *
 * @throws NotJsonError naming the first place that holds something else (a Map, an Error, NaN, a function, a circle)
 */
export function plainJson(value: unknown): unknown {
  return value === undefined ? undefined : copy(value, undefined, 0);
}

function copy(value: unknown, path: Path, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      throw notJson(path, `${value}`, 'JSON writes it as null: use null, or a text');
    case 'object':
      if (value === null) return null;
      if (depth >= jsonDepthLimit) throw tooDeep(value, path);
      return copyObject(value, path, depth);
    case 'bigint':
      throw notJson(path, `the bigint ${value}`, 'write it as a text');
    case 'undefined':
      throw notJson(path, 'undefined', 'JSON writes it as null in a list: use null, or leave it out');
    default:
      throw notJson(path, typeof value === 'symbol' ? 'a symbol' : 'a function', 'JSON leaves it out');
  }
}

function copyObject(value: object, path: Path, depth: number): unknown {
  if (Array.isArray(value)) {
    // An index loop, so that a hole is seen as undefined and not passed over.
    const items: unknown[] = [];
    for (let at = 0; at < value.length; at += 1)
      items.push(copy(value[at] as unknown, { key: at, above: path }, depth + 1));
    return items;
  }
  const above: unknown = Object.getPrototypeOf(value);
  // Of a plain object of this or another realm the prototype is null, or the last one.
  if (above !== null && Object.getPrototypeOf(above) !== null)
    throw notJson(path, `an instance of ${className(value)}`, adviceFor(value));
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    const copied = copy(item, { key, above: path }, depth + 1);
    if (key === '__proto__') Object.defineProperty(result, key, { value: copied, ...ordinary });
    else result[key] = copied;
  }
  return result;
}

const ordinary = { enumerable: true, configurable: true, writable: true };

function className(value: object): string {
  const name = readProperty(readProperty(value, 'constructor'), 'name');
  return typeof name === 'string' && name !== '' ? cleanText(name, 100) : 'a class';
}

function adviceFor(value: object): string {
  if (value instanceof Date) return 'write it as a text: toISOString()';
  if (value instanceof Map) return 'write Object.fromEntries(map), or a list of its entries';
  if (value instanceof Set) return 'write a list: [...set]';
  if (value instanceof Error) return 'write what of it is wanted, such as its message';
  if (ArrayBuffer.isView(value)) return 'write it as base64, or a list of numbers';
  return 'write a plain object with what of it is wanted';
}

function tooDeep(value: object, path: Path): NotJsonError {
  // Looked for only here: a circle is deeper than any limit, and remembering each object costs more than copying it.
  const isCircle = hasCircle(value);
  return isCircle
    ? notJson(firstKeys(path, 3), 'a reference to itself, somewhere below,', 'JSON cannot hold circles')
    : notJson(firstKeys(path, 3), `nested more than ${jsonDepthLimit} levels deep`, 'flatten it');
}

/** Follows the objects below a value; what is nested a thousand deep and repeats within the next thousand is a circle. */
function hasCircle(start: object): boolean {
  const seen = new Set<object>();
  let level: object[] = [start];
  for (let depth = 0; depth < jsonDepthLimit && level.length > 0 && seen.size < 100_000; depth += 1) {
    const below: object[] = [];
    for (const value of level) {
      if (seen.has(value)) return true;
      seen.add(value);
      for (const child of Object.values(value))
        if (typeof child === 'object' && child !== null) below.push(child);
    }
    level = below;
  }
  return false;
}

function firstKeys(path: Path, count: number): Path {
  const keys: (string | number)[] = [];
  for (let at = path; at; at = at.above) keys.push(at.key);
  return keys
    .reverse()
    .slice(0, count)
    .reduce<Path>((above, key) => ({ key, above }), undefined);
}

function notJson(path: Path, what: string, advice: string): NotJsonError {
  const place = pathText(path);
  return new NotJsonError(`${place === '' ? 'it is' : `${place} is`} ${what} (${advice})`);
}

/** `rows[3].when` */
function pathText(path: Path): string {
  const parts: string[] = [];
  for (let at = path; at; at = at.above) {
    const { key } = at;
    const isFirst = at.above === undefined;
    if (typeof key === 'number') parts.push(`[${key}]`);
    else if (/^[A-Za-z_$][\w$]{0,99}$/.test(key)) parts.push(isFirst ? key : `.${key}`);
    else parts.push(`[${preview(key)}]`);
  }
  return parts.reverse().join('');
}
