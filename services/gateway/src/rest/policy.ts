import { backoffSchema, policyOverridesSchema, strictOptions } from '@longhaul/proto/wire';
import { z } from 'zod';
import { camelKeys } from './snakeCase.ts';

const { maxAttempts, timeoutMs, totalTimeoutMs } = policyOverridesSchema.shape;
const [fixed, exponential, list] = backoffSchema.options;

/** What a start may set instead of the definition's policy: `PolicyOverrides`, as REST writes it. */
export const restPolicySchema = strictOptions({
  max_attempts: maxAttempts,
  backoff: z
    .discriminatedUnion('kind', [
      strictOptions({ kind: fixed.shape.kind, delay_ms: fixed.shape.delayMs }),
      strictOptions({
        kind: exponential.shape.kind,
        first_ms: exponential.shape.firstMs,
        factor: exponential.shape.factor,
        max_ms: exponential.shape.maxMs,
      }),
      strictOptions({ kind: list.shape.kind, delays_ms: list.shape.delaysMs }),
    ])
    .optional(),
  timeout_ms: timeoutMs,
  total_timeout_ms: totalTimeoutMs,
}).meta({ title: 'Policy', description: "Instead of the task definition's policy." });
export type RestPolicy = z.output<typeof restPolicySchema>;

/** The same as everything behind REST has it; nothing where nothing is said. */
export function policyOf(policy: RestPolicy | undefined): {
  policy?: z.output<typeof policyOverridesSchema>;
} {
  const given = Object.values(policy ?? {}).some(value => value !== undefined);
  return given ? { policy: policyOverridesSchema.parse(camelKeys(policy)) } : {};
}
