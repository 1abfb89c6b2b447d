import {
  type AnyTaskRecord,
  type Failure,
  GatewayError,
  isBuiltInFailureCode,
  isTerminal,
  type TaskDefinition,
  type TaskEvent,
  type TaskEventOf,
  type TaskOutcomeOf,
  type TaskRecord,
  type TaskRecordOf,
} from '@longhaul/proto';
import type { z } from 'zod';

/**
 * What callers of a typed procedure get. Invariant 9, types-are-true: progress, output and error data are parsed by
 * the definition here, at the last border before the client, so that what its types say is so.
 *
 * @throws GatewayError CONTRACT_MISMATCH when an executor with another contract wrote it
 */
export function typedRecord<T extends TaskDefinition>(definition: T, record: TaskRecord): TaskRecordOf<T> {
  const { v: _v, progress, output, outputRef: _outputRef, error, ...rest } = record;
  return {
    ...rest,
    ...(progress === undefined
      ? {}
      : { progress: checked(definition.progress, progress, record.name, 'progress') }),
    ...(output === undefined ? {} : { output: checked(definition.output, output, record.name, 'output') }),
    ...(error === undefined ? {} : { error: typedFailure(definition, error, record.name) }),
  } as TaskRecordOf<T>;
}

/** How a task ended, or that it has not. */
export function typedOutcome<T extends TaskDefinition>(definition: T, record: TaskRecord): TaskOutcomeOf<T> {
  const { id, name, status } = record;
  const outcome = (): object => {
    switch (status) {
      case 'COMPLETED':
        return { output: checked(definition.output, record.output, name, 'output') };
      case 'FAILED':
        return { error: record.error && typedFailure(definition, record.error, name) };
      case 'CANCELED':
        return record.cancelReason === undefined ? {} : { reason: record.cancelReason };
      default:
        return record.progress === undefined
          ? {}
          : { progress: checked(definition.progress, record.progress, name, 'progress') };
    }
  };
  return { id, done: isTerminal(status), status, ...outcome() } as TaskOutcomeOf<T>;
}

/** An event without what only the wire needs. */
export function typedEvent<T extends TaskDefinition>(
  definition: T,
  name: string,
  event: TaskEvent,
): TaskEventOf<T> {
  const { v: _v, owner: _owner, task: _task, ...rest } = event;
  switch (rest.type) {
    case 'progress':
      return {
        ...rest,
        progress: checked(definition.progress, rest.progress, name, 'progress'),
      } as TaskEventOf<T>;
    case 'completed':
      return { ...rest, output: checked(definition.output, rest.output, name, 'output') } as TaskEventOf<T>;
    case 'retrying':
    case 'failed':
      return { ...rest, error: typedFailure(definition, rest.error, name) } as TaskEventOf<T>;
    default:
      return rest as TaskEventOf<T>;
  }
}

/** A record for callers that know no definition. */
export function anyRecord({ v: _v, ...record }: TaskRecord): AnyTaskRecord {
  return record;
}

function typedFailure(definition: TaskDefinition, { code, message, data }: Failure, name: string): object {
  const schema = Object.hasOwn(definition.errors, code) ? definition.errors[code] : undefined;
  if (schema) return { code, message, data: checked(schema, data, name, `data of ${code}`) };
  return isBuiltInFailureCode(code)
    ? { code, message }
    : { code: 'HANDLER_ERROR', message: `${code} (not declared by this gateway's contract): ${message}` };
}

function checked(schema: z.ZodType, value: unknown, name: string, part: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new GatewayError(
    'CONTRACT_MISMATCH',
    `The ${part} of ${name} does not fit this gateway's contract: the executor runs another one. Deploy both with the same contract.`,
    { cause: parsed.error },
  );
}
