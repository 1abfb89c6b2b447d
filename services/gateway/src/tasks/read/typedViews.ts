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

/** Whether the input has to be checked as well: that of a start was checked a moment ago. */
export type InputCheck = 'checkInput' | 'inputWasChecked';

/**
 * What callers of a typed procedure get. Invariant 9, types-are-true: input, progress, output and error data are
 * checked by the definition here, at the last border before the client, so that what its types say is so. What was
 * written under another contract, and this one refuses, is left out and named in `unfit`.
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

/** An event without what only the wire needs. */
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
      // A type of its own: who reads `progress` events finds a progress in each of them.
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
 * A record for callers that know no definition: everything as it was recorded.
 *
 * @param definition of the task, where this gateway's contract has it: what it refuses is named in `unfit`
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
  /** The parts that fit, as the contract has them; and the error, which says so where it does not. */
  readonly replaced: Partial<Pick<TaskRecord, 'progress' | 'output' | 'error'>>;
};

async function fitToContract(
  definition: TaskDefinition,
  { name, status, input, inputRef, progress, output, outputRef, omitted, error }: TaskRecord,
  check: InputCheck,
): Promise<Fit> {
  const unfit: ContractPart[] = [];
  const replaced: { progress?: unknown; output?: unknown; error?: TaskRecord['error'] } = {};
  // What was left out of the record, or is kept elsewhere, is not there to be judged.
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
