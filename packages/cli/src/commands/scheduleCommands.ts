import { type Command, Option, type OptionValues } from '@commander-js/extra-typings';
import { withFilter, withGateway } from './options.ts';
import { overGateway, untilInterrupted } from './perform.ts';

const load = () => import('../schedules/scheduleCommands.ts');

/** `schedules` and `replay`. */
export function addScheduleCommands(program: Command): void {
  const schedules = program.command('schedules').description('tasks that are started again and again');
  withOwner(withGateway(schedules.command('list')))
    .description('lists the schedules')
    .action(flags => overGateway(flags, async connection => (await load()).listSchedules(connection, flags)));
  withOwner(withGateway(schedules.command('get').argument('<id>')))
    .description('shows a schedule')
    .action((id, flags) =>
      overGateway(flags, async connection => (await load()).getSchedule(connection, id, flags)),
    );
  withGateway(schedules.command('set').argument('<id>').argument('<name>').argument('[input...]'))
    .description('makes a schedule, or changes the one that has this id')
    .option('--cron <expression>', 'such as "30 2 * * MON-FRI"')
    .option('--every <interval>', 'instead of --cron, such as 15m')
    .option('--time-zone <zone>', 'of the cron expression, such as Europe/Berlin (default: UTC)')
    .addOption(
      new Option('--overlap <what>', 'where the task before is still active').choices([
        'skip',
        'queue',
        'cancelPrevious',
      ] as const),
    )
    .addOption(
      new Option('--misfire <what>', 'of times that were missed').choices(['one', 'skip', 'all'] as const),
    )
    .allowUnknownOption()
    .action((id, name, input, flags) =>
      overGateway(flags, async connection => (await load()).setSchedule(connection, id, name, input, flags)),
    );
  for (const action of ['pause', 'resume'] as const)
    withOwner(withGateway(schedules.command(action).argument('<id>')))
      .description(`${action}s a schedule`)
      .action((id, flags) =>
        overGateway(flags, async connection => (await load()).controlSchedule(connection, action, id, flags)),
      );
  withOwner(withGateway(schedules.command('run').argument('<id>')))
    .description('starts the task of a schedule now')
    .action((id, flags) =>
      overGateway(flags, async connection => (await load()).runSchedule(connection, id, flags)),
    );
  withOwner(withGateway(schedules.command('delete').argument('<id>')))
    .description('deletes a schedule; tasks that it started continue')
    .action((id, flags) =>
      overGateway(flags, async connection => (await load()).deleteSchedule(connection, id, flags)),
    );

  withFilter(withGateway(program.command('replay')))
    .description('starts failed tasks again, found by a filter; run again, it starts none twice')
    .option('--code <code>', 'that failed with this code')
    .option('--dry-run', 'only list them')
    .action(flags =>
      untilInterrupted(flags, async (connection, signal) =>
        (await import('../tasks/replayCommand.ts')).replayCommand(connection, flags, signal),
      ),
    );
}

function withOwner<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command.option('--owner <owner>', 'of this owner (operators; to change: administrators)');
}
