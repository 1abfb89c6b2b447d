import {
  backoffSchema,
  policyOverridesSchema,
  startOptionsSchema,
  strictOptions,
  taskIdSchema,
} from '@longhaul/proto/wire';
import { z } from 'zod';
import { taskNotFound } from '../tasks/read/findTask.ts';
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

/** The path of one task. */
export const oneTask = {
  params: z.object({ id: taskIdSchema.meta({ description: "The task's id.", format: 'uuid' }) }),
  notFound: ({ id = '' }: Readonly<Record<string, string>>) => taskNotFound(id),
};

/** A key as the draft standard writes it, in quotes, or bare. */
const keyHeader = z
  .string()
  .regex(
    /^("[\x20-\x21\x23-\x7e]{1,256}"|[\x21\x23-\x7e]{1,256})$/,
    'Write 1 to 256 visible ASCII characters.',
  );

export const idempotencyKey = keyHeader.optional().meta({
  description: 'The same key for the same task gives the same task again; with another input, a conflict.',
});
export const prefer = z.string().optional().meta({
  description:
    '`wait=N`: answer the result when it is there within N seconds (at most 50). `respond-async`: do not wait, which is the default.',
});

export const keyOf = (header: string | undefined): { idempotencyKey?: string } =>
  header === undefined ? {} : { idempotencyKey: header.replace(/^"(.*)"$/, '$1') };

const { priority, delayMs, startWithinMs } = startOptionsSchema.shape;

/** What may stand beside the input of a start. */
export const restStartOptions = {
  priority: priority.meta({ description: 'Of several waiting tasks, higher goes first. Default: normal.' }),
  delay_ms: delayMs.meta({ description: 'Not to start before so many milliseconds have gone by.' }),
  start_within_ms: startWithinMs.meta({
    description: 'It fails when no executor has begun it so many milliseconds after it was to start.',
  }),
};

type RestStartOptions = z.output<z.ZodObject<typeof restStartOptions>>;

/** The same as the service has them. */
export function startOptionsOf({ priority: rank, delay_ms, start_within_ms }: RestStartOptions) {
  return {
    ...(rank === undefined ? {} : { priority: rank }),
    ...(delay_ms === undefined ? {} : { delayMs: delay_ms }),
    ...(start_within_ms === undefined ? {} : { startWithinMs: start_within_ms }),
  };
}
