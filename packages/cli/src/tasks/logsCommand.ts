import type { TaskHandle } from '@longhaul/client';
import type { TaskDefinition } from '@longhaul/proto';
import { isTerminal } from '@longhaul/proto/wire';
import type { Connection } from '../gateway/connection.ts';
import { type ExitCode, exitCodes } from '../output/exitCodes.ts';
import { type OutputFlags, print, printJsonLine, remark } from '../output/output.ts';
import { logLine } from './follow/taskText.ts';

/** Flags of `longhaul logs`. */
export type LogsFlags = OutputFlags & { readonly follow?: true | undefined };

/**
 * What is stored comes in one go, and then what happens live. Of a task that has not ended nothing tells the one from the
 * other, but that nothing comes for so long: before the newest event of its record, and behind it.
 */
const nothingComesMs = { before: 3_000, behind: 500 };

/** `longhaul logs ID`: the log lines of a task; with `--follow`, also those to come, until its end. */
export async function logsCommand(
  { client, taskType }: Connection,
  id: string,
  { json, follow }: LogsFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { name, status } = await client.$tasks.get(id);
  const task = taskType(name).handle(id);
  const newest = follow || isTerminal(status) ? Number.POSITIVE_INFINITY : await newestEventOf(task, signal);
  if (newest === 0) return exitCodes.done;

  const enough = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const wait = (seen: number) => {
    clearTimeout(timer);
    if (!Number.isFinite(newest)) return;
    timer = setTimeout(() => enough.abort(), nothingComesMs[seen < newest ? 'before' : 'behind']);
  };
  wait(0);
  const events = task.events({
    // From the first event that is stored.
    lastEventId: '0',
    signal: AbortSignal.any([signal, enough.signal]),
    onLost: () => remark('The connection to the gateway is lost; trying again.'),
  });
  for await (const event of events) {
    wait(Number(event.eventId));
    if (event.type === 'dropped' && event.log > 0)
      remark(`${event.log} earlier lines are not kept any more.`);
    if (event.type === 'log') {
      if (json) printJsonLine(event);
      else print(logLine(event, process.stdout));
    }
  }
  clearTimeout(timer);
  return signal.aborted ? exitCodes.interrupted : exitCodes.done;
}

/** The id of the newest event in the record of a task that has not ended: a stream begins with it. */
async function newestEventOf(task: TaskHandle<TaskDefinition>, signal: AbortSignal): Promise<number> {
  for await (const { eventId } of task.events({ signal })) return Number(eventId);
  return 0;
}
