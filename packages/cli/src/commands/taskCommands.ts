import type { Command } from '@commander-js/extra-typings';
import { withFilter, withGateway, withStart } from './options.ts';
import { overGateway, untilInterrupted } from './perform.ts';

const inputHelp = `
The input is one argument: JSON, @FILE, or - for standard input. Or a flag for each field of the schema:
  --width 200 --files a.png --files b.png --no-cache --source.path talk.mp3
\`longhaul types NAME\` shows the flags of a task type. A field that is named as an option of this command is written
--input.NAME.`;

const load = () => import('../tasks/steerCommands.ts');

/** What people do with tasks, over the gateway. */
export function addTaskCommands(program: Command): void {
  program.commandsGroup('Tasks:');
  const types = withGateway(program.command('types').argument('[name]'))
    .description('the task types of the gateway, or one with the flags of its input')
    .action((name, flags) =>
      overGateway(flags, async connection =>
        (await import('../tasks/typesCommand.ts')).typesCommand(connection, name, flags),
      ),
    );
  for (const action of ['pause', 'resume'] as const)
    withGateway(types.command(action).argument('<name>'))
      .description(`${action}s a task type (administrators)`)
      .action((name, flags) =>
        overGateway(flags, async connection =>
          (await load()).pauseTypeCommand(connection, action, name, flags),
        ),
      );
  addStartCommands(program);
  addReadCommands(program);
  addSteerCommands(program);
}

function addStartCommands(program: Command): void {
  withStart(withGateway(program.command('start').argument('<name>').argument('[input...]')))
    .description('starts a task and prints its id')
    .allowUnknownOption()
    .addHelpText('after', inputHelp)
    .action((name, input, flags) =>
      overGateway(flags, async connection =>
        (await import('../tasks/startCommand.ts')).startCommand(connection, name, input, flags),
      ),
    );
  withStart(withGateway(program.command('run').argument('<name>').argument('[input...]')))
    .description('starts a task, shows its progress, and prints its output')
    .option('--logs', 'show its log lines')
    .option('--quiet', 'show no progress')
    .option('--cancel', 'an interrupt cancels the task; otherwise it continues')
    .allowUnknownOption()
    .addHelpText('after', inputHelp)
    .action((name, input, flags) =>
      untilInterrupted(flags, async (connection, signal) =>
        (await import('../tasks/runCommand.ts')).runCommand(connection, name, input, flags, signal),
      ),
    );
}

function addReadCommands(program: Command): void {
  withFilter(withGateway(program.command('watch').argument('[ids...]')))
    .description('follows tasks until they have ended: by ids, by a filter, or --all without end')
    .option('--logs', 'show their log lines')
    .option('--all', 'everything that happens, without end')
    .action((ids, flags) =>
      untilInterrupted(flags, async (connection, signal) =>
        (await import('../tasks/watchCommand.ts')).watchCommand(connection, ids, flags, signal),
      ),
    );
  withFilter(withGateway(program.command('list')))
    .description('lists tasks, newest first')
    .action(flags =>
      overGateway(flags, async connection =>
        (await import('../tasks/listCommand.ts')).listCommand(connection, flags),
      ),
    );
  withGateway(program.command('get').argument('<id>'))
    .description("shows a task's record")
    .action((id, flags) =>
      overGateway(flags, async connection =>
        (await import('../tasks/getCommand.ts')).getCommand(connection, id, flags),
      ),
    );
  withGateway(program.command('result').argument('<id>'))
    .description('waits for the end of a task and prints its output')
    .option('--no-wait', 'do not wait: 1 where it has not ended')
    .action((id, flags) =>
      untilInterrupted(flags, async (connection, signal) =>
        (await import('../tasks/resultCommand.ts')).resultCommand(connection, id, flags, signal),
      ),
    );
  withGateway(program.command('logs').argument('<id>'))
    .description('prints the log lines of a task')
    .option('--follow', 'and those to come, until its end')
    .action((id, flags) =>
      untilInterrupted(flags, async (connection, signal) =>
        (await import('../tasks/logsCommand.ts')).logsCommand(connection, id, flags, signal),
      ),
    );
}

function addSteerCommands(program: Command): void {
  withFilter(withGateway(program.command('cancel').argument('[ids...]')))
    .description('ends tasks, wherever they run: by ids or by a filter')
    .option('--reason <reason>', 'recorded in each of them')
    .action((ids, flags) =>
      overGateway(flags, async connection => (await load()).cancelCommand(connection, ids, flags)),
    );
  for (const action of ['pause', 'resume'] as const)
    withGateway(program.command(action).argument('<ids...>'))
      .description(
        action === 'pause' ? "pauses tasks at their handlers' next checkpoint" : 'resumes paused tasks',
      )
      .action((ids, flags) =>
        overGateway(flags, async connection => (await load()).controlCommand(connection, action, ids, flags)),
      );
  withGateway(program.command('retry').argument('<ids...>'))
    .description('starts ended tasks again, each as a new one')
    .action((ids, flags) =>
      overGateway(flags, async connection => (await load()).retryCommand(connection, ids, flags)),
    );
}
