import type { TaskSummary } from '@longhaul/proto/wire';
import type { Connection } from '../gateway/connection.ts';
import { type OutputFlags, print, printJson, printTable } from '../output/output.ts';
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

/** A duration for people: `0.3 s`, `42 s`, `3 min 20 s`, `5 h 2 min`. */
export function durationText(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
