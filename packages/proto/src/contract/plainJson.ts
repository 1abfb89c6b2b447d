import { z } from 'zod';

/**
 * Says why a schema cannot be part of a contract, or `undefined` when it can.
 *
 * `io: 'output'` asks for plain JSON on both sides: what is sent is what is received (no dates, maps, bigints,
 * transforms, codecs). `io: 'input'` asks only that the accepted side is JSON; the parsed side may be anything.
 */
export function whyNotJson(schema: z.ZodType, io: 'input' | 'output'): string | undefined {
  try {
    z.toJSONSchema(schema, {
      io,
      override: ({ zodSchema }) => {
        if (io === 'output') refuseChange(zodSchema);
      },
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Of a pipe zod describes the far end alone; what goes in at the near end must be the same JSON. */
function refuseChange({ _zod: { def } }: z.core.$ZodTypes): void {
  if (def.type !== 'pipe') return;
  if ('reverseTransform' in def) throw new Error('Codecs change what they parse');
  const why = whyNotJson(def.in as z.ZodType, 'output');
  if (why !== undefined) throw new Error(why);
}
