import type { Connection } from '../gateway/connection.ts';
import { describeFault } from '../output/describeFault.ts';
import { type ExitCode, exitCodes } from '../output/exitCodes.ts';
import { type OutputFlags, print, printJson, remark, reportFault } from '../output/output.ts';
import { UsageError } from '../output/usageError.ts';
import { type FilterFlags, filterOf, hasFilter } from './taskFilter.ts';

/** Flags of `longhaul cancel`. */
export type CancelFlags = OutputFlags & FilterFlags & { readonly reason?: string | undefined };

/** `longhaul cancel [ID...]`: ends tasks, by their ids or by a filter. */
export async function cancelCommand(
  connection: Connection,
  ids: readonly string[],
  flags: CancelFlags,
): Promise<ExitCode> {
  const { client } = connection;
  if (ids.length > 0)
    return forEach(connection, ids, flags, async id => {
      const { status, alreadyEnded } = await client.$tasks.cancel(id, flags.reason);
      return [
        { id, status, alreadyEnded },
        alreadyEnded ? `${id} had ended already: ${status}` : `${id}  ${status}`,
      ];
    });
  if (!hasFilter(flags)) throw new UsageError('Name tasks by their ids, or by a filter such as --type NAME.');
  const outcome = await client.$tasks.cancelMany({
    ...filterOf(flags),
    ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
  });
  if (flags.json) printJson(outcome);
  else {
    print(`${outcome.canceled} canceled, ${outcome.stopping} stopping`);
    if (outcome.more) remark('There are more: run it again, or raise --limit.');
  }
  return exitCodes.done;
}

/** `longhaul pause ID...` and `longhaul resume ID...` */
export function controlCommand(
  connection: Connection,
  action: 'pause' | 'resume',
  ids: readonly string[],
  flags: OutputFlags,
): Promise<ExitCode> {
  return forEach(connection, ids, flags, async id => {
    const outcome = await connection.client.$tasks[action](id);
    return [
      outcome,
      `${id}  ${outcome.status}${'requested' in outcome && outcome.requested ? ' (asked for)' : ''}`,
    ];
  });
}

/** `longhaul types pause NAME` and `longhaul types resume NAME` */
export async function pauseTypeCommand(
  { client }: Connection,
  action: 'pause' | 'resume',
  name: string,
  { json }: OutputFlags,
): Promise<undefined> {
  const outcome = await client.$types[action](name);
  if (json) printJson(outcome);
  else print(`${outcome.name} is ${outcome.paused ? 'paused: new tasks of it wait' : 'not paused'}.`);
}

/** `longhaul retry ID...`: starts ended tasks again, each as a new one. */
export function retryCommand(
  connection: Connection,
  ids: readonly string[],
  flags: OutputFlags,
): Promise<ExitCode> {
  return forEach(connection, ids, flags, async id => {
    const { id: newId, name } = await connection.client.$tasks.retry(id);
    return [{ id: newId, name, retryOf: id }, newId];
  });
}

/** Does the same with each task; what fails with one is reported, and the others are done all the same. */
async function forEach(
  { url }: Connection,
  ids: readonly string[],
  flags: OutputFlags,
  act: (id: string) => Promise<readonly [outcome: object, line: string]>,
): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const outcomes: object[] = [];
  for (const id of ids) {
    try {
      const [outcome, line] = await act(id);
      outcomes.push(outcome);
      if (!flags.json) print(line);
    } catch (error) {
      const fault = describeFault(error, url);
      reportFault({ ...fault, message: ids.length > 1 ? `${id}: ${fault.message}` : fault.message }, flags);
      code = fault.exitCode;
    }
  }
  if (flags.json && outcomes.length > 0) printJson(ids.length === 1 ? outcomes[0] : outcomes);
  return code;
}
