import type { FailureCause, Thrown } from '../wire/failure.ts';

type Described = Pick<FailureCause, 'name' | 'message' | 'stack' | 'code'>;

/**
 * What a failure's handler threw, as errors again: the thrown one, with its `cause` chain, and `AggregateError`s where
 * it had several members. `undefined`: nothing was thrown (a time limit), or its executor did not say what.
 */
export function causeOfFailure({ name, message, stack, causes = [] }: Thrown): Error | undefined {
  if (name === undefined && stack === undefined && causes.length === 0) return undefined;
  return errorOf({ name, message, stack }, causes, 1);
}

/** @param below what lies under it, in depth-first order: its own from `depth` on */
function errorOf(described: Described, below: readonly FailureCause[], depth: number): Error {
  const { message } = described;
  let cause: Error | undefined;
  const members: Error[] = [];
  for (let at = 0; at < below.length; ) {
    const child = below[at];
    if (!child) break;
    let end = at + 1;
    while ((below[end]?.depth ?? 0) > depth) end += 1;
    const error = errorOf(child, below.slice(at + 1, end), depth + 1);
    if (child.from === 'errors') members.push(error);
    else cause ??= error;
    at = end;
  }
  const options = cause === undefined ? undefined : { cause };
  const error =
    members.length > 0 ? new AggregateError(members, message, options) : new Error(message, options);
  define(error, 'name', described.name ?? error.name);
  // Where there is none, a stack of this place would send its reader astray.
  define(error, 'stack', described.stack ?? `${error.name}: ${message}`);
  if (described.code !== undefined) define(error, 'code', described.code);
  return error;
}

/** As an error's own properties are: not listed among its fields. */
function define(error: Error, key: 'name' | 'stack' | 'code', value: string): void {
  Object.defineProperty(error, key, {
    value,
    configurable: true,
    writable: true,
    enumerable: key === 'code',
  });
}
