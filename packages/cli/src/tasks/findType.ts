import type { TaskType } from '@longhaul/proto/wire';
import { UnknownTypeError } from '../output/unknownTypeError.ts';

/** @throws UnknownTypeError that lists what there is */
export function findType(types: readonly TaskType[], name: string): TaskType {
  const type = types.find(each => each.name === name);
  if (type) return type;
  throw new UnknownTypeError(
    name,
    types.map(each => each.name),
  );
}
