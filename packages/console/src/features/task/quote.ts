/**
 * Text as part of a program that a reader copies. Names and values in snippets come from callers, who may not be
 * those that copy: everything that is not fixed goes through one of these, and nothing else escapes.
 */

/** Letters with which an identifier goes without quotes, in a literal and behind a dot. */
const plainName = /^[A-Za-z_$][\w$]*$/;
/** Larger inputs would hide the call that is to be shown. */
const inputLimit = 4_000;

/** What would end a string or a line, what is not to be seen, and what could turn the direction of writing. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\\']/gu;

/** A string as TypeScript and JavaScript write it. */
export function tsString(text: string): string {
  return `'${cut(text).replace(unprintable, escapeUnit)}'`;
}

function escapeUnit(found: string): string {
  switch (found) {
    case '\\':
    case "'":
      return `\\${found}`;
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    default:
      return found
        .split('')
        .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join('');
  }
}

/** A key of an object literal. `__proto__` would set the prototype, with quotes as without: it is computed. */
function tsKey(key: string): string {
  if (key === '__proto__') return `['__proto__']`;
  return plainName.test(key) ? key : tsString(key);
}

/** A path of names as it stands behind an expression: `.audio.transcribe`, or `['a b']` where a name is none. */
export function tsPath(path: readonly string[]): string {
  return path.map(name => (plainName.test(name) ? `.${name}` : `[${tsString(name)}]`)).join('');
}

/** A value of JSON as TypeScript writes it. What is no JSON is left out as JSON leaves it out. */
export function tsLiteral(value: unknown, depth = 0): string {
  if (typeof value === 'string') return tsString(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const isList = Array.isArray(value);
  const parts = Object.entries(value).map(([key, part]) => {
    const text = tsLiteral(part, depth + 1);
    return isList ? text : `${tsKey(key)}: ${text}`;
  });
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  const space = isList ? '' : ' ';
  const short = `${open}${space}${parts.join(', ')}${space}${close}`;
  if (short.length <= 70 && !short.includes('\n')) return short;
  const indent = '  '.repeat(depth + 1);
  return `${open}\n${parts.map(part => `${indent}${part},\n`).join('')}${'  '.repeat(depth)}${close}`;
}

/** One word of a POSIX shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** JSON in ASCII, so that no character of it can be taken for another, and as long as fits a snippet. */
export function shellJson(value: unknown): string {
  const json = JSON.stringify(value).replace(/[^\x20-\x7e]/g, unit => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return shellWord(cut(json));
}

function cut(text: string): string {
  return text.length > inputLimit ? `${text.slice(0, inputLimit)}…` : text;
}
