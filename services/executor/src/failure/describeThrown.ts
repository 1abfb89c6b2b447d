import { types } from 'node:util';
import { type FailureCause, failureLimits, type Thrown } from '@longhaul/proto/wire';
import { cleanText, preview, readItems, readProperty } from './safeRead.ts';

/** How many members of an `AggregateError` without a message are named in its place. */
const membersNamed = 3;

/**
 * What was thrown, in words, whatever it is: of an error its class, message, stack and causes, each cut to
 * `failureLimits`. Never throws: getters, Proxies and inspect hooks of the value cannot throw into this.
 */
export function describeThrown(thrown: unknown): Thrown {
  const { messageChars, stackChars } = failureLimits;
  const name = nameOf(thrown);
  const message = cleanText(messageOf(thrown), messageChars);
  const stack = stackOf(thrown, name, message, stackChars);
  const { causes, omitted } = causesOf(thrown);
  return {
    ...(name === undefined ? {} : { name }),
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(causes.length === 0 ? {} : { causes }),
    ...(omitted === 0 ? {} : { causesOmitted: omitted }),
  };
}

/** The message of what was thrown, or words in its place. Never throws, never empty. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown.trim() === '' ? 'An empty text was thrown.' : thrown;
  if (!isObject(thrown)) return `${preview(thrown)} was thrown, which is no error.`;
  const message = readProperty(thrown, 'message');
  if (typeof message === 'string' && message.trim() !== '') return message;
  const list = readItems(message, 20);
  if (list && list.items.length > 0) return list.items.map(textOf).join('; ');
  if (message !== undefined && message !== '' && !list) return textOf(message);
  return messageInstead(thrown);
}

/** Of an error without a message: what else it says. */
function messageInstead(thrown: object): string {
  const name = nameOf(thrown);
  const code = codeOf(thrown);
  const members = readItems(readProperty(thrown, 'errors'), membersNamed);
  if (members && members.length > 0) {
    const named = members.items.map(item => memberText(item)).join('; ');
    const more = members.length > membersNamed ? `; and ${members.length - membersNamed} more` : '';
    return `${code ?? name ?? 'Several errors'}: ${named}${more}`;
  }
  const cause = readProperty(thrown, 'cause');
  if (cause !== undefined && cause !== thrown)
    return `${code ?? name ?? 'An error'} without a message, caused by: ${memberText(cause)}`;
  if (code !== undefined) return code;
  if (name !== undefined) return `${name} without a message`;
  return `${preview(thrown)} was thrown, which is no error.`;
}

/** One step down only: an error in an error in an error is listed among the causes. */
function memberText(value: unknown): string {
  const message = isObject(value) ? readProperty(value, 'message') : value;
  if (typeof message === 'string' && message.trim() !== '') return message;
  return codeOf(value) ?? nameOf(value) ?? preview(value);
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : preview(value));

/** `undefined`: it does not look like an error. */
function nameOf(thrown: unknown): string | undefined {
  if (!isObject(thrown)) return undefined;
  const isError = isErrorLike(thrown);
  const own = readProperty(thrown, 'name');
  const type = readProperty(readProperty(thrown, 'constructor'), 'name');
  // A class of its own that did not set `name` is called like its parent.
  const name = typeof own === 'string' && own !== '' && own !== 'Error' ? own : isError ? (type ?? own) : own;
  if (typeof name !== 'string' || name === '' || !isError) return undefined;
  return cleanText(name, failureLimits.nameChars);
}

function isErrorLike(value: object): boolean {
  return types.isNativeError(value) || typeof readProperty(value, 'stack') === 'string';
}

function codeOf(value: unknown): string | undefined {
  const code = readProperty(value, 'code');
  if (typeof code === 'number' || (typeof code === 'string' && code !== ''))
    return cleanText(String(code), failureLimits.nameChars);
  return undefined;
}

/** The stack's frames below one line that names the error, since a long message would leave no room for them. */
function stackOf(
  thrown: unknown,
  name: string | undefined,
  message: string,
  maxChars: number,
): string | undefined {
  const stack = readProperty(thrown, 'stack');
  if (typeof stack !== 'string' || stack === '') return undefined;
  const firstFrame = stack.indexOf('\n    at ');
  if (firstFrame === -1) return cleanText(stack, maxChars);
  const head = `${name ?? 'Error'}: ${cleanText(message.split('\n', 1)[0] ?? '', 200)}`;
  return cleanText(head + stack.slice(firstFrame, firstFrame + maxChars), maxChars);
}

function causesOf(thrown: unknown): { readonly causes: FailureCause[]; readonly omitted: number } {
  const causes: FailureCause[] = [];
  const seen = new Set<unknown>([thrown]);
  let omitted = 0;
  const add = (value: unknown, depth: number, from: FailureCause['from']) => {
    // An error that is its own cause, or that two share, is named once.
    if (value === undefined || (isObject(value) && seen.has(value))) return;
    seen.add(value);
    if (causes.length >= failureLimits.causes) {
      omitted += 1;
      return;
    }
    causes.push(causeOf(value, depth, from));
    below(value, depth + 1);
  };
  const below = (value: unknown, depth: number) => {
    if (!isObject(value)) return;
    const members = readItems(readProperty(value, 'errors'), failureLimits.causes + 1);
    // Data that merely looks like that (the faults of a form) is no list of errors.
    if (members?.items.some(item => isObject(item) && isErrorLike(item))) {
      for (const item of members.items) add(item, depth, 'errors');
      omitted += members.length - members.items.length;
    }
    add(readProperty(value, 'cause'), depth, 'cause');
  };
  below(thrown, 1);
  return { causes, omitted };
}

function causeOf(value: unknown, depth: number, from: FailureCause['from']): FailureCause {
  const { causeMessageChars, causeStackChars } = failureLimits;
  const name = nameOf(value);
  const code = codeOf(value);
  const message = cleanText(isObject(value) ? messageOf(value) : textOf(value), causeMessageChars);
  const stack = stackOf(value, name, message, causeStackChars);
  return {
    depth,
    from,
    ...(name === undefined ? {} : { name }),
    ...(code === undefined ? {} : { code }),
    message,
    ...(stack === undefined ? {} : { stack }),
  };
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
