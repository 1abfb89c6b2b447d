import { isDeepStrictEqual } from 'node:util';
import type { PayloadRef, TaskRecord } from '@longhaul/proto/wire';

/** Whether a start means the task that was accepted under its id before: whether their inputs are the same JSON. */
export function isSameInput(
  earlier: Pick<TaskRecord, 'input' | 'inputRef'>,
  input: unknown,
  inputRef: PayloadRef | undefined,
): boolean {
  // A large input is known by its digest: it is not read again to be compared.
  if (earlier.inputRef || inputRef) return earlier.inputRef?.digest === inputRef?.digest;
  // Through JSON, since that is how the earlier input travelled.
  return isDeepStrictEqual(earlier.input ?? null, JSON.parse(JSON.stringify(input ?? null)));
}
