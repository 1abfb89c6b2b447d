import type { TaskDefinition } from '@longhaul/proto';
import {
  type AnyTaskRecord,
  type ContractPart,
  fitted,
  type ShownEvent,
  type TaskEvent,
  type TaskEventOf,
  type TaskRecord,
  type TaskRecordOf,
  typedFailure,
  type UnfitParts,
  validateInput,
} from '@longhaul/proto/wire';

export { typedOutcome } from '@longhaul/proto/wire';

/** Whether the input is to be checked too. The input of a start was already checked. */
export type InputCheck = 'checkInput' | 'inputWasChecked';

/**
 * Makes the record for callers of a typed procedure. Invariant 9, types-are-true: input, progress, output and error data are
 * validated by the task definition here, as the last step before the client, so that the client's types are correct. Parts
 * that were written under another contract and do not match this one are left out and named in `unfit`.
 */
export async function typedRecord<T extends TaskDefinition>(
  definition: T,
  record: TaskRecord,
  check: InputCheck = 'checkInput',
): Promise<TaskRecordOf<T>> {
  const { v: _v, outputRef: _outputRef, ...rest } = record;
  const { unfit, replaced } = await fitToContract(definition, record, check);
  const parts = { ...rest, ...replaced };
  for (const part of unfit) if (part !== 'error') delete parts[part];
  return { ...parts, ...named(unfit) } as TaskRecordOf<T>;
}

/** An event without the fields that only the wire format needs. */
export function shownEvent(event: TaskEvent): ShownEvent {
  const { v: _v, task: _task, ...rest } = event;
  if (!('state' in rest)) return rest;
  const { state: _state, ...shown } = rest;
  return shown;
}

/** The same, typed by the task's definition. */
export async function typedEvent<T extends TaskDefinition>(
  definition: T,
  event: TaskEvent,
): Promise<TaskEventOf<T>> {
  const { owner: _owner, ...rest } = shownEvent(event);
  switch (rest.type) {
    case 'progress': {
      const { type: _type, progress: _progress, ...about } = rest;
      const progress = await fitted(definition.progress, rest.progress);
      // A separate type, so that every `progress` event has a progress.
      const view = progress.fits
        ? { ...rest, progress: progress.value }
        : { ...about, type: 'unfit', ...named(['progress']) };
      return view as TaskEventOf<T>;
    }
    case 'completed': {
      const { output: _output, ...about } = rest;
      const output = await fitted(definition.output, rest.output);
      return { ...about, ...(output.fits ? { output: output.value } : named(['output'])) } as TaskEventOf<T>;
    }
    case 'retrying':
    case 'failed': {
      const { failure, fits } = await typedFailure(definition, rest.error);
      return { ...rest, error: failure, ...named(fits ? [] : ['error']) } as TaskEventOf<T>;
    }
    default:
      return rest as TaskEventOf<T>;
  }
}

/**
 * Makes the record for callers without a task definition: all parts as they were recorded.
 *
 * @param definition the task definition, if this gateway's contract has it: parts that do not match it are named in `unfit`
 */
export async function anyRecord(
  definition: TaskDefinition | undefined,
  { v: _v, ...record }: TaskRecord,
): Promise<AnyTaskRecord> {
  if (!definition) return record;
  const { unfit } = await fitToContract(definition, { v: 1, ...record }, 'checkInput');
  return { ...record, ...named(unfit) };
}

type Fit = {
  readonly unfit: readonly ContractPart[];
  /** The matching parts, as parsed by the contract; and the error, replaced by a HANDLER_ERROR if it does not match. */
  readonly replaced: Partial<Pick<TaskRecord, 'progress' | 'output' | 'error'>>;
};

async function fitToContract(
  definition: TaskDefinition,
  { name, status, input, inputRef, progress, output, outputRef, omitted, error }: TaskRecord,
  check: InputCheck,
): Promise<Fit> {
  const unfit: ContractPart[] = [];
  const replaced: { progress?: unknown; output?: unknown; error?: TaskRecord['error'] } = {};
  // Parts that were left out of the record or are stored elsewhere cannot be checked.
  const isWhole = (part: 'input' | 'output') => !(omitted?.includes(part) ?? false);
  if (check === 'checkInput' && !inputRef && isWhole('input') && !(await accepts(definition, name, input)))
    unfit.push('input');
  if (progress !== undefined) {
    const fit = await fitted(definition.progress, progress);
    if (fit.fits) replaced.progress = fit.value;
    else unfit.push('progress');
  }
  if (status === 'COMPLETED' && !outputRef && isWhole('output')) {
    const fit = await fitted(definition.output, output);
    if (!fit.fits) unfit.push('output');
    else if (fit.value !== undefined) replaced.output = fit.value;
  }
  if (error !== undefined) {
    const { failure, fits } = await typedFailure(definition, error);
    replaced.error = failure;
    if (!fits) unfit.push('error');
  }
  return { unfit, replaced };
}

function accepts(definition: TaskDefinition, name: string, input: unknown): Promise<boolean> {
  return validateInput(name, definition, input).then(
    () => true,
    () => false,
  );
}

function named(unfit: readonly ContractPart[]): { readonly unfit?: UnfitParts } {
  return unfit.length === 0 ? {} : { unfit: [...unfit] };
}
