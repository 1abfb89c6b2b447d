import { createClient, type TaskClient, type Tasks } from '@longhaul/client';
import type { Contract, TaskDefinition } from '@longhaul/proto';
import { readToken } from './credentials.ts';

/** Every task of the gateway that this page came from. Its contract is not known here: types come at run time. */
export const tasks: Tasks<Contract> = createClient<Contract>({
  url: location.origin,
  headers: () => {
    const token = readToken();
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  },
});

/** The calls of a task by its dotted name. */
export function taskNamed(name: string): TaskClient<TaskDefinition> {
  // The client makes a branch for every step; what the gateway does not know, it refuses.
  const found = name
    .split('.')
    .reduce<unknown>((branch, step) => (branch as Record<string, unknown>)[step], tasks);
  return found as TaskClient<TaskDefinition>;
}
