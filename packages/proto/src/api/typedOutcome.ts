import type { z } from 'zod';
import type { TaskDefinition } from '../contract/taskDefinition.ts';
import { isTerminal } from '../decide/status.ts';
import { type Failure, isBuiltInFailureCode } from '../wire/failure.ts';
import type { TaskRecord } from '../wire/record.ts';
import { GatewayError } from './errorCatalogue.ts';
import type { TaskOutcomeOf } from './taskViews.ts';

/** What of a record says whether it has ended, and how. */
export type EndedTask = Pick<
  TaskRecord,
  'id' | 'name' | 'status' | 'progress' | 'output' | 'error' | 'cancelReason'
>;

/**
 * How a task ended, or that it has not. Invariant 9, types-are-true: progress, output and error data are parsed by
 * the definition here, at the last border before who asks, so that what its types say is so.
 *
 * @throws GatewayError CONTRACT_MISMATCH when an executor with another contract wrote it
 */
export function typedOutcome<T extends TaskDefinition>(definition: T, task: EndedTask): TaskOutcomeOf<T> {
  const { id, name, status } = task;
  const outcome = (): object => {
    switch (status) {
      case 'COMPLETED':
        return { output: requireFitting(definition.output, task.output, name, 'output') };
      case 'FAILED':
        return { error: task.error && typedFailure(definition, task.error, name) };
      case 'CANCELED':
        return task.cancelReason === undefined ? {} : { reason: task.cancelReason };
      default:
        return task.progress === undefined
          ? {}
          : { progress: requireFitting(definition.progress, task.progress, name, 'progress') };
    }
  };
  return { id, done: isTerminal(status), status, ...outcome() } as TaskOutcomeOf<T>;
}

/** A failure with its data checked; of a code that the contract does not declare, one that says so. */
export function typedFailure(
  definition: TaskDefinition,
  { code, message, data }: Failure,
  name: string,
): object {
  const schema = Object.hasOwn(definition.errors, code) ? definition.errors[code] : undefined;
  if (schema) return { code, message, data: requireFitting(schema, data, name, `data of ${code}`) };
  return isBuiltInFailureCode(code)
    ? { code, message }
    : { code: 'HANDLER_ERROR', message: `${code} (not declared by this contract): ${message}` };
}

/** @throws GatewayError CONTRACT_MISMATCH */
export function requireFitting(schema: z.ZodType, value: unknown, name: string, part: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new GatewayError(
    'CONTRACT_MISMATCH',
    `The ${part} of ${name} does not fit the contract here: the executor that wrote it runs another one. Deploy both with the same contract.`,
    { cause: parsed.error },
  );
}
