import {
  type AnyTaskRecord,
  requireFitting,
  type TaskDefinition,
  type TaskEvent,
  type TaskEventOf,
  type TaskRecord,
  type TaskRecordOf,
  typedFailure,
} from '@longhaul/proto';

export { typedOutcome } from '@longhaul/proto';

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
      : { progress: requireFitting(definition.progress, progress, record.name, 'progress') }),
    ...(output === undefined
      ? {}
      : { output: requireFitting(definition.output, output, record.name, 'output') }),
    ...(error === undefined ? {} : { error: typedFailure(definition, error, record.name) }),
  } as TaskRecordOf<T>;
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
        progress: requireFitting(definition.progress, rest.progress, name, 'progress'),
      } as TaskEventOf<T>;
    case 'completed':
      return {
        ...rest,
        output: requireFitting(definition.output, rest.output, name, 'output'),
      } as TaskEventOf<T>;
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
