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

/** The policy overrides of a start in REST: `PolicyOverrides` in snake_case. */
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

/** The policy overrides of the service; empty if none is set. */
export function policyOf(policy: RestPolicy | undefined): {
  policy?: z.output<typeof policyOverridesSchema>;
} {
  const given = Object.values(policy ?? {}).some(value => value !== undefined);
  return given ? { policy: policyOverridesSchema.parse(camelKeys(policy)) } : {};
}

/** The path parameters of operations on one task. */
export const oneTask = {
  params: z.object({ id: taskIdSchema.meta({ description: "The task's id.", format: 'uuid' }) }),
  notFound: ({ id = '' }: Readonly<Record<string, string>>) => taskNotFound(id),
};

/** An idempotency key, in quotes as in the draft standard, or without. */
const keyHeader = z
  .string()
  .regex(
    /^("[\x20-\x21\x23-\x7e]{1,256}"|[\x21\x23-\x7e]{1,256})$/,
    'Write 1 to 256 visible ASCII characters.',
  );

export const idempotencyKey = keyHeader.optional().meta({
  description:
    'Repeated starts with the same key give the same task; with another input they are refused as a conflict.',
});
export const prefer = z.string().optional().meta({
  description:
    '`wait=N`: answer the result when it is there within N seconds (at most 50). `respond-async`: do not wait, which is the default.',
});

export const keyOf = (header: string | undefined): { idempotencyKey?: string } =>
  header === undefined ? {} : { idempotencyKey: header.replace(/^"(.*)"$/, '$1') };

const { priority, delayMs, startWithinMs } = startOptionsSchema.shape;

/** The options of a start in REST. */
export const restStartOptions = {
  priority: priority.meta({
    description: 'Waiting tasks with a higher priority start first. Default: normal.',
  }),
  delay_ms: delayMs.meta({ description: 'Starts the task after this many milliseconds.' }),
  start_within_ms: startWithinMs.meta({
    description:
      'The task fails when no executor has started it within this many milliseconds after its start was due.',
  }),
};

type RestStartOptions = z.output<z.ZodObject<typeof restStartOptions>>;

/** The start options of the service. */
export function startOptionsOf({ priority: rank, delay_ms, start_within_ms }: RestStartOptions) {
  return {
    ...(rank === undefined ? {} : { priority: rank }),
    ...(delay_ms === undefined ? {} : { delayMs: delay_ms }),
    ...(start_within_ms === undefined ? {} : { startWithinMs: start_within_ms }),
  };
}
