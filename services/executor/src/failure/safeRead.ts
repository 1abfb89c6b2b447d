import { inspect, stripVTControlCharacters } from 'node:util';

// A value that a handler throws, returns or logs may be anything: a revoked Proxy, an object whose getters or
// inspect hooks throw. Nothing here lets such code throw into ours.

/** A property of any value; `undefined` where there is none, or reading it throws. */
export function readProperty(value: unknown, key: PropertyKey): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  try {
    return Reflect.get(value, key) as unknown;
  } catch {
    return undefined;
  }
}

/** `instanceof` that answers `false` where the value's own code throws. */
export function isInstance<T>(value: unknown, type: abstract new (...parameters: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** The first items of an array, read one by one, and how many there are; `undefined`: it is no array. */
export function readItems(
  value: unknown,
  most: number,
): { readonly items: unknown[]; readonly length: number } | undefined {
  try {
    if (!Array.isArray(value)) return undefined;
  } catch {
    return undefined;
  }
  const said = readProperty(value, 'length');
  const length = typeof said === 'number' && Number.isSafeInteger(said) && said > 0 ? said : 0;
  const count = Math.min(most, length);
  return { items: Array.from({ length: count }, (_, at) => readProperty(value, at)), length };
}

/** Text without colours, control characters and broken surrogates, of at most so many characters and a "…". */
export function cleanText(text: string, maxChars: number): string {
  // Twice as much is looked at, since colours go; what was thrown may be hundreds of megabytes of text.
  const plain = stripVTControlCharacters(text.slice(0, 2 * maxChars)).replaceAll(controls, '\uFFFD');
  const isCut = plain.length > maxChars || text.length > 2 * maxChars;
  return (isCut ? `${plain.slice(0, maxChars)}…` : plain).toWellFormed();
}
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const controls = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g;

const previewChars = 1_000;

/** A value in short, for a message. Runs none of its hooks. */
export function preview(value: unknown): string {
  try {
    if (typeof value === 'string') return cleanText(inspect(value.slice(0, previewChars)), previewChars);
    const text = inspect(value, {
      depth: 2,
      customInspect: false,
      maxArrayLength: 20,
      maxStringLength: 500,
      breakLength: 120,
    });
    return cleanText(text, previewChars);
  } catch {
    return `(a value of type ${typeof value} that cannot be shown)`;
  }
}
