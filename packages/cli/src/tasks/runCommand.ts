import type { Connection } from '../gateway/connection.ts';
import { type ExitCode, exitCodes } from '../output/exitCodes.ts';
import { remark } from '../output/output.ts';
import { followTasks } from './follow/followTasks.ts';
import { createTaskView } from './follow/taskView.ts';
import { printOutcome } from './resultCommand.ts';
import { type StartFlags, startTask } from './startCommand.ts';

/** Flags of `longhaul run`. */
export type RunFlags = StartFlags & {
  readonly logs?: true | undefined;
  readonly cancel?: true | undefined;
  readonly quiet?: true | undefined;
};

/**
 * `longhaul run NAME [INPUT]`: starts a task, shows its progress on standard error, and prints its output on standard
 * output. An interrupt ends the watching; the task continues, unless `--cancel` says that it is to end as well.
 */
export async function runCommand(
  connection: Connection,
  name: string,
  args: readonly string[],
  flags: RunFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const task = await startTask(connection, name, args, flags);
  const quiet = flags.quiet === true || flags.json === true;
  const view = quiet
    ? { show: () => {}, remark, end: () => {} }
    : createTaskView({ json: false, stream: process.stderr, logs: flags.logs === true });
  await followTasks(connection.client, [task], view, signal);
  if (signal.aborted) {
    if (flags.cancel) {
      await connection.client.$tasks.cancel(task.id, 'interrupted at the command line');
      remark(`The task ${task.id} is canceled.`);
    } else remark(`The task continues: longhaul watch ${task.id}; to end it: longhaul cancel ${task.id}`);
    return exitCodes.interrupted;
  }
  return printOutcome(await connection.taskType(name).handle(task.id).outcome({ signal }), flags);
}
