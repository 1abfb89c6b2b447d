import type { TaskSummary } from '@longhaul/proto/wire';
import type { Connection } from '../gateway/connection.ts';
import { type OutputFlags, print, printJson, printTable } from '../output/output.ts';
import { durationText } from './duration.ts';
import { eachTask, type FilterFlags, filterOf } from './taskFilter.ts';

/** Where no `--limit` says otherwise. */
const usualLimit = 50;

/** `longhaul list`: tasks, newest first. */
export async function listCommand(
  { client }: Connection,
  flags: OutputFlags & FilterFlags,
): Promise<undefined> {
  const tasks = await Array.fromAsync(eachTask(client, filterOf(flags), flags.limit ?? usualLimit));
  if (flags.json) return printJson(tasks);
  if (tasks.length === 0) return print('There is no such task.');
  printTable(
    ['ID', 'TYPE', 'STATUS', 'CREATED', 'TOOK', ''],
    tasks.map(task => [
      task.id,
      task.name,
      task.status,
      task.createdAt.slice(0, 19).replace('T', ' '),
      tookText(task),
      task.errorCode ??
        (task.percent === undefined || task.finishedAt ? '' : `${Math.round(task.percent)} %`),
    ]),
  );
}

/** How long a task ran, or has been running. */
function tookText({ startedAt, finishedAt }: TaskSummary): string {
  if (startedAt === undefined) return '';
  const ms = (finishedAt === undefined ? Date.now() : Date.parse(finishedAt)) - Date.parse(startedAt);
  return durationText(Math.max(0, ms));
}
