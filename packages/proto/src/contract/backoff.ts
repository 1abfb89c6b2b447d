import { z } from 'zod';

/** The longest that one attempt may wait for the next. */
const longestDelayMs = 7 * 24 * 60 * 60 * 1_000;
const delayMs = z.int().min(0).max(longestDelayMs);

/** How long a failed attempt waits for the next. */
export const backoffSchema = z.discriminatedUnion('kind', [
  /** Always the same. */
  z.strictObject({ kind: z.literal('fixed'), delayMs }),
  /** `firstMs`, then `factor` times as long each time, up to `maxMs`; half of it is random (jitter). */
  z.strictObject({
    kind: z.literal('exponential'),
    firstMs: delayMs,
    factor: z.number().min(1).max(100).default(2),
    maxMs: delayMs.default(60_000),
  }),
  /** One after the other; the last one is repeated. */
  z.strictObject({ kind: z.literal('list'), delaysMs: z.array(delayMs).min(1).max(100) }),
]);

/** How long a failed attempt waits for the next, as a definition or a start says it. */
export type Backoff = z.input<typeof backoffSchema>;
/** The same, with every default filled in. */
export type CompleteBackoff = z.output<typeof backoffSchema>;
