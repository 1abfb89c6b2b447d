import { type Command, Option, type OptionValues } from '@commander-js/extra-typings';
import { optionValue, perform } from './perform.ts';

const keys = () => import('../operate/keysCommands.ts');

/** What operators do, beside the gateway. */
export function addOperatorCommands(program: Command): void {
  program.commandsGroup('Operate:');
  program
    .command('doctor')
    .summary('what is wrong with NATS, executors and queues, and what to do')
    .description(
      'Looks at nats-server, JetStream, streams and consumers, replicas, clocks, executors, queues and storage, over the connection that the environment describes (NATS_URL and its credentials, LONGHAUL_NAMESPACE). Changes nothing. Ends with 1 where something is wrong.',
    )
    .option('--json', 'print JSON')
    .option('--nats <url>', 'the nats-server (NATS_URL)')
    .option('--namespace <name>', 'of the deployment (LONGHAUL_NAMESPACE; default: tasks)')
    .option('--waiting <duration>', 'how long a task may wait before it is worth a warning', '10m')
    .action(flags =>
      perform(flags, async () => (await import('../operate/doctorCommand.ts')).doctorCommand(flags)),
    );
  addKeyCommands(program);
  program
    .command('nats-config')
    .argument('[namespace]')
    .description('prints the configuration of a nats-server: users that may do what each service needs')
    .action(namespace =>
      perform({}, async () => {
        const { natsConfiguration } = await import('@longhaul/broker');
        process.stdout.write(natsConfiguration(namespace));
      }),
    );
}

function addKeyCommands(program: Command): void {
  const command = program.command('keys').description('API keys of a gateway (API_KEYS_FILE)');
  withFile(command.command('create'))
    .description('makes a key and prints it, once; the file keeps its hash')
    .requiredOption('--owner <owner>', 'whose tasks are started with it')
    .addOption(new Option('--role <role>', 'what it may do').choices(['user', 'operator', 'admin'] as const))
    .option('--days <number>', 'how long it is valid (default: until it is revoked)', optionValue(Number))
    .option('--note <text>', 'what it is for')
    .action(flags => perform(flags, async () => (await keys()).createKeyCommand(flags)));
  withFile(command.command('list'))
    .description('lists the keys of the file, without the keys')
    .action(flags => perform(flags, async () => (await keys()).listKeysCommand(flags)));
  withFile(command.command('revoke').argument('<id>'))
    .description('revokes a key: running gateways refuse it within a second')
    .action((id, flags) => perform(flags, async () => (await keys()).revokeKeyCommand(id, flags)));
}

function withFile<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .option('--json', 'print JSON')
    .option('--file <file>', 'the file of the keys (API_KEYS_FILE)');
}
