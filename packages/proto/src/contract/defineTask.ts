import { z } from 'zod';
import { isBuiltInFailureCode } from '../wire/failure.ts';
import { ContractError } from './contractError.ts';
import { whyNotJson } from './plainJson.ts';
import { type RestRoute, requireFields } from './restRoute.ts';
import { type ErrorSchemas, type ExposeStack, exposures, type TaskDefinition } from './taskDefinition.ts';
import { type LimitOptions, type TaskLimits, taskLimitsSchema } from './taskLimits.ts';
import { defaultPolicy, policySchema, type TaskPolicy } from './taskPolicy.ts';

/** What {@link defineTask} takes: the schemas, and any part of the policy. */
export type TaskOptions<
  I extends z.ZodType,
  P extends z.ZodType,
  O extends z.ZodType,
  E extends ErrorSchemas,
> = {
  /** A short name for people; the console and `tasks.types` show it. */
  readonly title?: string;
  /** What the task does, for people. */
  readonly description?: string;
  /** The schema of the input: what a caller writes, and what the handler gets from it. It must accept JSON. */
  readonly input: I;
  /** Default: a task without progress (`z.never()`). */
  readonly progress?: P;
  /** The schema of the output: plain JSON, the same before and after parsing. */
  readonly output: O;
  /** Errors that callers are meant to handle, as code → schema of the data. Default: none. */
  readonly errors?: E;
  /**
   * Who may see the stacks of its failures, at most: the gateway's option of that name can allow less. With `nobody`
   * they do not even leave the executor, whose log has them. Default: `owners`.
   */
  readonly exposeStack?: ExposeStack;
  /** REST routes that start it, besides `POST /v1/tasks/{name}`; see `restRoute`. Default: none. */
  readonly rest?: readonly RestRoute<z.input<I>>[];
} & LimitOptions<z.output<I>> &
  Partial<PolicyOptions>;

/** The policy as a definition writes it: parts of a backoff have defaults. */
type PolicyOptions = z.input<typeof policySchema>;

const errorCode = /^[A-Z][A-Z0-9_]*$/;

/**
 * Defines one kind of task.
 *
 * @param options the schemas, and any part of the policy; every duration is in milliseconds
 * @throws ContractError `NOT_JSON` when input cannot be described as JSON, or progress, output or the data of an
 *   error are not plain JSON; `BAD_ERROR_CODE` when an error code is malformed or one of Longhaul's own;
 *   `BAD_POLICY` when a duration is negative, not a whole number or longer than a timer can be, or a limit is out of
 *   range; `BAD_ROUTE` when a REST route has a parameter that is no field of the input.
 *
 * @example
 * ```ts
 * import { defineTask } from '@longhaul/proto';
 * import { z } from 'zod';
 *
 * export const transcribe = defineTask({
 *   title: 'Transcribe a recording',
 *   input: z.object({ path: z.string(), language: z.enum(['de', 'en']).default('en') }),
 *   progress: z.object({ percent: z.number() }),
 *   output: z.object({ text: z.string() }),
 *   errors: { NOT_FOUND: z.object({ path: z.string() }) },
 *   maxAttempts: 3,
 *   timeoutMs: 15 * 60_000,
 * });
 * ```
 */
export function defineTask<
  I extends z.ZodType,
  O extends z.ZodType,
  P extends z.ZodType = z.ZodNever,
  const E extends ErrorSchemas = Record<never, never>,
  const S extends boolean = false,
>(options: TaskOptions<I, P, O, E> & { readonly sandbox?: S }): TaskDefinition<I, P, O, E, S> {
  const {
    title,
    description,
    input,
    output,
    progress,
    errors,
    concurrency,
    rate,
    exposeStack = 'owners',
    rest = [],
    ...policy
  } = options;
  requireJson('input', input, 'input');
  requireJson('output', output, 'output');
  if (progress) requireJson('progress', progress, 'output');
  for (const [code, schema] of Object.entries(errors ?? {})) {
    if (!errorCode.test(code)) {
      throw new ContractError(
        'BAD_ERROR_CODE',
        `The error code "${code}" must be CAPITALS, digits and "_", like NOT_FOUND.`,
      );
    }
    if (isBuiltInFailureCode(code)) {
      throw new ContractError(
        'BAD_ERROR_CODE',
        `The error code "${code}" is one of Longhaul's own: choose another.`,
      );
    }
    requireJson(`errors.${code}`, schema, 'output');
  }
  if (!exposures.includes(exposeStack))
    throw new ContractError('BAD_POLICY', `exposeStack must be one of ${exposures.join(', ')}.`);
  for (const route of rest) if (!route.mapping) requireFields(route, input);
  return {
    kind: 'task',
    title,
    description,
    input,
    // The defaults stand for the type parameters' own defaults, which are in force exactly when the option is absent.
    progress: progress ?? (z.never() as z.ZodType as P),
    output,
    errors: errors ?? ({} as E),
    limits: completeLimits([concurrency ?? []].flat(), rate),
    policy: completePolicy(policy) as TaskPolicy & { readonly sandbox: S },
    exposeStack,
    rest,
  };
}

function completeLimits(concurrency: readonly object[], rate: object | undefined): TaskLimits {
  const parsed = taskLimitsSchema.safeParse({ concurrency, rate });
  if (parsed.success) return parsed.data;
  throw new ContractError('BAD_POLICY', `The limits are not right:\n${z.prettifyError(parsed.error)}`);
}

function requireJson(part: string, schema: z.ZodType, io: 'input' | 'output'): void {
  const why = whyNotJson(schema, io);
  if (why === undefined) return;
  const rule =
    io === 'input'
      ? 'must accept JSON'
      : 'must be plain JSON, the same before and after parsing (for a date use z.iso.datetime())';
  throw new ContractError('NOT_JSON', `The schema of ${part} ${rule}: ${why}`);
}

function completePolicy(policy: Partial<PolicyOptions>): TaskPolicy {
  const given = Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined));
  const parsed = policySchema.safeParse({ ...defaultPolicy, ...given });
  if (parsed.success) return parsed.data;
  const known = Object.keys(policySchema.shape).join(', ');
  throw new ContractError(
    'BAD_POLICY',
    `The policy is not right (known options: ${known}):\n${z.prettifyError(parsed.error)}`,
  );
}
