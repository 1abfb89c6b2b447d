import { z } from 'zod';

/**
 * Says why a schema cannot be part of a contract, or `undefined` when it can.
 *
 * `io: 'output'` asks for plain JSON on both sides: what is sent is what is received (no dates, maps, bigints,
 * transforms). `io: 'input'` asks only that the accepted side is JSON; the parsed side may be anything.
 */
export function whyNotJson(schema: z.ZodType, io: 'input' | 'output'): string | undefined {
  try {
    z.toJSONSchema(schema, { io });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
