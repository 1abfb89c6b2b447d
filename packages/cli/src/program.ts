import tab from '@bomb.sh/tab/commander';
import { Command } from '@commander-js/extra-typings';
import { addOperatorCommands } from './commands/operatorCommands.ts';
import { addProfileCommands } from './commands/profileCommands.ts';
import { addScheduleCommands } from './commands/scheduleCommands.ts';
import { addServeCommands } from './commands/serveCommands.ts';
import { addTaskCommands } from './commands/taskCommands.ts';
import { exitCodes } from './output/exitCodes.ts';
import { version } from './version.ts';

const after = `
Examples:
  $ longhaul dev                                       everything for a project, on this machine
  $ longhaul run images.resize --files a.png --width 200
  $ longhaul list --status FAILED --since 2h
  $ longhaul doctor                                    what is wrong, and what to do

The gateway is http://127.0.0.1:8080, or what --url, LONGHAUL_URL or a profile says; the key is in LONGHAUL_API_KEY, in
the file of --api-key-file, or in the profile.

Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 not allowed, 5 no gateway answers, 130 interrupted.`;

/** The command line. Each command loads its code when it is called: the help, and a small command, load little. */
export function createProgram(): Command {
  const program = new Command('longhaul')
    .description('Longhaul: long-running work as type-safe RPC.')
    .version(version)
    .showSuggestionAfterError()
    .helpCommand(true)
    .addHelpText('after', after)
    // Commander's own code for a mistake is 1, which says here that a task failed.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.done : exitCodes.usage));
  addServeCommands(program);
  addTaskCommands(program);
  addScheduleCommands(program);
  addOperatorCommands(program);
  addProfileCommands(program);
  // Prints a script for the shell, which asks this program for what can follow.
  tab(program as never, { completionCommandName: 'completion' });
  return program;
}
