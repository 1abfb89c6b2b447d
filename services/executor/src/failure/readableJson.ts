import { types } from 'node:util';
import { failureLimits, type Thrown, withoutStacks } from '@longhaul/proto/wire';
import { describeThrown } from './describeThrown.ts';
import { cleanText, isInstance, preview, readItems, readProperty } from './safeRead.ts';

const depthLimit = 8;
const valuesLimit = 5_000;

/**
 * Any value as JSON that a person can read, for log lines: where JSON has no such value, words stand in its place.
 * Errors keep name, message, stack and causes. Never throws, and runs no hook of the value but its getters.
 *
 * @param textChars how long a text in it may be; the rest is cut off, and below the length of a stack those are left out
 */
export function readableJson(value: unknown, textChars: number): unknown {
  let values = 0;
  const above = new Set<object>();

  const read = (value: unknown): unknown => {
    values += 1;
    if (values > valuesLimit) return '[more left out]';
    switch (typeof value) {
      case 'string':
        return cleanText(value, textChars);
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'undefined':
        return undefined;
      case 'bigint':
        return cleanText(String(value), textChars);
      case 'object':
        return value === null ? null : readObject(value);
      default:
        return `[${preview(value).replace(/^\[|\]$/g, '')}]`;
    }
  };

  const readObject = (value: object): unknown => {
    if (above.has(value)) return '[circular]';
    if (above.size >= depthLimit) return '[nested deeper]';
    above.add(value);
    try {
      return readParts(value);
    } catch {
      return '[unreadable]';
    } finally {
      above.delete(value);
    }
  };

  const readParts = (value: object): unknown => {
    if (types.isNativeError(value) || isInstance(value, Error)) return readError(value);
    if (types.isDate(value)) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    if (types.isMap(value))
      return fromEntries(
        [...value.entries()].slice(0, valuesLimit).map(([key, item]) => [nameOf(key), item]),
      );
    if (types.isSet(value)) return [...value].slice(0, valuesLimit).map(item => read(item) ?? null);
    if (types.isRegExp(value) || ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value))
      return preview(value);
    const list = readItems(value, valuesLimit);
    if (list) return list.items.map(item => read(item) ?? null);
    if (types.isPromise(value) || isInstance(value, URL)) return preview(value);
    return fromEntries(
      Object.keys(value)
        .slice(0, valuesLimit)
        .map(key => [key, readProperty(value, key)]),
    );
  };

  const readError = (error: unknown): Thrown => {
    const thrown = describeThrown(error);
    if (textChars >= failureLimits.stackChars) return thrown;
    return { ...withoutStacks(thrown), message: cleanText(thrown.message, textChars) };
  };

  const fromEntries = (entries: [string, unknown][]): Record<string, unknown> =>
    // By entries, which makes a property of `__proto__`, where assigning would change the object.
    Object.fromEntries(
      entries
        .map(([key, item]) => [cleanText(key, 200), read(item)])
        .filter(([, item]) => item !== undefined),
    );
  const nameOf = (key: unknown) => (typeof key === 'string' ? key : preview(key));

  return read(value);
}
