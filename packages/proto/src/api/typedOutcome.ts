import type { z } from 'zod';
import type { TaskDefinition } from '../contract/taskDefinition.ts';
import { isTerminal } from '../decide/status.ts';
import { type Failure, isBuiltInFailureCode } from '../wire/failure.ts';
import type { TaskRecord } from '../wire/record.ts';
import type { TaskOutcomeOf } from './taskViews.ts';

/** What of a record says whether it has ended, and how. */
export type EndedTask = Pick<
  TaskRecord,
  'id' | 'name' | 'status' | 'progress' | 'output' | 'error' | 'cancelReason'
>;

/** A value as its schema has it, or that the schema refuses it. */
export type Fitted = { readonly fits: true; readonly value: unknown } | { readonly fits: false };

/**
 * How a task ended, or that it has not. Invariant 9, types-are-true: progress, output and error data are parsed by
 * the definition here, at the last step before the caller. What an executor with another contract wrote and this
 * one refuses is left out and named in `unfit`.
 */
export async function typedOutcome<T extends TaskDefinition>(
  definition: T,
  task: EndedTask,
): Promise<TaskOutcomeOf<T>> {
  const { id, status } = task;
  const outcome = async (): Promise<object> => {
    switch (status) {
      case 'COMPLETED': {
        const output = await fitted(definition.output, task.output);
        return output.fits ? { output: output.value } : { unfit: ['output'] };
      }
      case 'FAILED': {
        if (!task.error) return {};
        const { failure, fits } = await typedFailure(definition, task.error);
        return { error: failure, ...(fits ? {} : { unfit: ['error'] }) };
      }
      case 'CANCELED':
        return task.cancelReason === undefined ? {} : { reason: task.cancelReason };
      default: {
        if (task.progress === undefined) return {};
        const progress = await fitted(definition.progress, task.progress);
        return progress.fits ? { progress: progress.value } : { unfit: ['progress'] };
      }
    }
  };
  return { id, done: isTerminal(status), status, ...(await outcome()) } as TaskOutcomeOf<T>;
}

/**
 * A failure with its data checked. One that the contract does not declare, or whose data it refuses, becomes a
 * HANDLER_ERROR whose message has the code and message that were recorded: both still say what went wrong.
 */
export async function typedFailure(
  definition: TaskDefinition,
  { data, ...failure }: Failure,
): Promise<{ readonly failure: Failure; readonly fits: boolean }> {
  const { code } = failure;
  const schema = Object.hasOwn(definition.errors, code) ? definition.errors[code] : undefined;
  if (schema) {
    const fit = await fitted(schema, data);
    return fit.fits
      ? { failure: { ...failure, data: fit.value }, fits: true }
      : { failure: untyped(failure, 'its data does not fit this contract'), fits: false };
  }
  return isBuiltInFailureCode(code)
    ? { failure, fits: true }
    : { failure: untyped(failure, 'not declared by this contract'), fits: false };
}

function untyped(failure: Failure, why: string): Failure {
  return { ...failure, code: 'HANDLER_ERROR', message: `${failure.code} (${why}): ${failure.message}` };
}

/** Parses a value. A check that throws instead of reporting refuses it as well: what was recorded must stay readable. */
export async function fitted(schema: z.ZodType, value: unknown): Promise<Fitted> {
  try {
    const parsed = await schema.safeParseAsync(value);
    return parsed.success ? { fits: true, value: parsed.data } : { fits: false };
  } catch {
    return { fits: false };
  }
}
