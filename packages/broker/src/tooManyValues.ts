import { GatewayError } from '@longhaul/proto/wire';
import type { JsonBreadthLimits } from './jsonBreadth.ts';

/**
 * The error for JSON with more values or member names than the limits allow.
 * @param what whose JSON it is: `the request`
 */
export function tooManyValues(
  what: string,
  excess: keyof JsonBreadthLimits,
  limits: JsonBreadthLimits,
): GatewayError {
  const has =
    excess === 'values'
      ? `more than ${limits.values} values (members of objects and elements of arrays)`
      : `more than ${limits.keys} different names of members`;
  return new GatewayError(
    'TOO_MANY_VALUES',
    `The JSON of ${what} has ${has}. Split it, pass a reference (a path or URL) instead of the data itself, or raise jsonBreadth.${excess} of gateways and executors (JSON_${excess.toUpperCase()}).`,
  );
}
