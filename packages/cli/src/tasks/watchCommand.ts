import { isTerminal, type ShownEvent, type TaskSummary } from '@longhaul/proto/wire';
import type { Connection } from '../gateway/connection.ts';
import { type ExitCode, exitCodes } from '../output/exitCodes.ts';
import { type OutputFlags, remark } from '../output/output.ts';
import { UsageError } from '../output/usageError.ts';
import { afterEvent, type FollowedTask } from './follow/followedTask.ts';
import { followTasks } from './follow/followTasks.ts';
import { createTaskView } from './follow/taskView.ts';
import { eachTask, type FilterFlags, filterOf, hasFilter } from './taskFilter.ts';

/** Flags of `longhaul watch`. */
export type WatchFlags = OutputFlags &
  FilterFlags & { readonly logs?: true | undefined; readonly all?: true | undefined };

/**
 * `longhaul watch [ID...]`: follows tasks until all of them have ended: those that are named, or those that a filter finds
 * now. With `--all`, everything that happens, without end.
 */
export async function watchCommand(
  connection: Connection,
  ids: readonly string[],
  flags: WatchFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const view = createTaskView({
    json: flags.json === true,
    stream: process.stdout,
    logs: flags.logs === true,
  });
  if (flags.all) return watchAll(connection, view.show, signal);
  const tasks = ids.length > 0 ? ids.map(id => ({ id })) : await filtered(connection, flags);
  if (tasks.length === 0) {
    remark('There is no task to watch.');
    return exitCodes.done;
  }
  return exitCodeOfTasks(await followTasks(connection.client, tasks, view, signal), signal);
}

/** 0 where all tasks are COMPLETED; 130 where the signal came before their end; else 1. */
export function exitCodeOfTasks(tasks: readonly FollowedTask[], signal: AbortSignal): ExitCode {
  if (tasks.every(({ status }) => status === 'COMPLETED')) return exitCodes.done;
  return signal.aborted && tasks.some(({ status }) => !isTerminal(status))
    ? exitCodes.interrupted
    : exitCodes.failed;
}

async function filtered(connection: Connection, flags: FilterFlags): Promise<TaskSummary[]> {
  if (!hasFilter(flags))
    throw new UsageError('Name tasks by their ids, or by a filter such as --status RUNNING; or watch --all.');
  return Array.fromAsync(
    eachTask(connection.client, filterOf(flags), flags.limit ?? Number.POSITIVE_INFINITY),
  );
}

async function watchAll(
  { client }: Connection,
  show: (task: FollowedTask, event?: ShownEvent) => void,
  signal: AbortSignal,
): Promise<ExitCode> {
  // Asked first, since a stream waits for a gateway that does not answer.
  await client.$tasks.list({ limit: 1 });
  const onLost = () => remark('The connection to the gateway is lost; trying again.');
  const known = new Map<string, FollowedTask>();
  for await (const item of client.$tasks.watch({ signal, onLost })) {
    if (item.type !== 'event') continue;
    const task = afterEvent(
      known.get(item.id) ?? { id: item.id, name: item.name, status: 'PENDING', attempt: 0, seq: 0 },
      item.event,
    );
    show(task, item.event);
    if (isTerminal(task.status)) known.delete(item.id);
    else known.set(item.id, task);
  }
  return exitCodes.interrupted;
}
