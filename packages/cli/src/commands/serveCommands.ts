import type { Command, OptionValues } from '@commander-js/extra-typings';
import { perform } from './perform.ts';

/** `dev`, `gateway` and `executor`. */
export function addServeCommands(program: Command): void {
  program.commandsGroup('Develop and serve:');
  withConfig(program.command('dev'))
    .summary('NATS, a gateway with the console and an executor of your project, restarted on change')
    .description(
      'Starts a nats-server, a gateway with the console, and an executor of your project, and starts gateway and executor again when a file changes: running tasks are handed over. Ctrl-C ends everything; the data stays.',
    )
    .option('--port <port>', 'of the gateway; 0 takes a free one (PORT)', process.env.PORT || '8080')
    .option('--host <host>', 'of the gateway (HOST; default: 127.0.0.1)')
    .option('--data <folder>', 'where NATS keeps its files (default: .longhaul beside the config)')
    .option('--nats <url>', 'a nats-server that runs already (NATS_URL)', process.env.NATS_URL || undefined)
    .option('--no-console', 'without the console')
    .option('--no-watch', 'without restarts on change')
    .action(flags =>
      perform({}, async () => {
        const { devCommand } = await import('../dev/devCommand.ts');
        process.exit(await devCommand(flags));
      }),
    );
  withConfig(program.command('gateway'))
    .summary('a gateway of your contract, configured by the environment')
    .description(
      'Runs a gateway of your contract as this process, for production: configured by environment variables (NATS_URL, HOST, PORT, API_KEYS_FILE and others), JSON lines as its log, until SIGTERM.',
    )
    .option('--no-console', 'without the console')
    .action(flags =>
      perform({}, async () => (await import('../services/gatewayCommand.ts')).gatewayCommand(flags)),
    );
  withConfig(program.command('executor'))
    .summary('an executor of your handlers, configured by the environment')
    .description(
      'Runs an executor of your handlers as this process, for production: configured by environment variables (NATS_URL, EXECUTOR_CONCURRENCY, EXECUTOR_TASKS and others), JSON lines as its log, until SIGTERM.',
    )
    .action(flags =>
      perform({}, async () => (await import('../services/executorCommand.ts')).executorCommand(flags)),
    );
}

function withConfig<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .option('--config <file>', 'the config (default: longhaul.config.ts)')
    .option('--contract <file>', 'instead of a config: a module that exports `contract`, or FILE#EXPORT')
    .option('--handlers <file>', 'with --contract: a module that exports `handlers`, or FILE#EXPORT');
}
