import type { EndedTask } from '@longhaul/proto/wire';
import { messageOf } from '../../failure/describeThrown.ts';
import { TaskError } from '../handlerErrors.ts';
import type { ChildPort, NewChild } from './childTypes.ts';

/** Stands for the tasks that a handler starts: returns the output of each, or throws. */
export type RunChild = (child: NewChild) => unknown;

/** Children that are run by a function of the test, at once, in place of executors. */
export function standIns(run: RunChild | undefined): ChildPort {
  const ends = new Map<string, Promise<EndedTask>>();
  const end = async (id: string, child: NewChild): Promise<EndedTask> => {
    const task = { id, name: child.name };
    try {
      return { ...task, status: 'COMPLETED', output: await run?.(child) };
    } catch (error) {
      const code = error instanceof TaskError ? error.code : 'HANDLER_ERROR';
      const data = error instanceof TaskError ? { data: error.data } : {};
      return { ...task, status: 'FAILED', error: { code, message: messageOf(error), ...data } };
    }
  };
  return {
    start: async child => {
      if (!run)
        throw new Error(`The handler starts ${child.name}: give runHandler a \`child\` to stand for it.`);
      const id = `${child.name}/${child.key}`;
      if (!ends.has(id)) ends.set(id, end(id, child));
      return id;
    },
    ended: async id => {
      const ended = ends.get(id);
      if (!ended) throw new Error(`No child ${id} was started.`);
      return ended;
    },
  };
}
