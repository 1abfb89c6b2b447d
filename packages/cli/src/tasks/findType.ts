import type { TaskType } from '@longhaul/proto/wire';

/** The gateway has no task type of this name. */
export class UnknownTypeError extends Error {
  override readonly name = 'UnknownTypeError';
  readonly code = 'UNKNOWN_TASK';

  constructor(asked: string, known: readonly string[]) {
    super(
      `The gateway has no task type "${asked}". There are: ${known.length === 0 ? 'none' : known.join(', ')}.`,
    );
  }
}

/** @throws UnknownTypeError that lists what there is */
export function findType(types: readonly TaskType[], name: string): TaskType {
  const type = types.find(each => each.name === name);
  if (type) return type;
  throw new UnknownTypeError(
    name,
    types.map(each => each.name),
  );
}
