import type { Command } from '@commander-js/extra-typings';
import { perform } from './perform.ts';

const load = () => import('../gateway/profileCommands.ts');

/** `profile list`, `set`, `use` and `delete`. */
export function addProfileCommands(program: Command): void {
  program.commandsGroup('This program:');
  const profile = program.command('profile').description('gateways and keys under names');
  profile
    .command('list')
    .description('lists the profiles, without keys')
    .option('--json', 'print JSON')
    .action(flags => perform(flags, async () => (await load()).listProfiles(flags)));
  profile
    .command('set')
    .argument('<name>')
    .description('makes or changes a profile, and makes it the current one')
    .requiredOption('--url <url>', 'the address of the gateway')
    .option('--api-key-file <file>', 'a file with the API key, read at each call')
    .option('--api-key-stdin', 'keep the API key that standard input has, in a file of your own')
    .action((name, flags) => perform({}, async () => (await load()).setProfile(name, flags)));
  profile
    .command('use')
    .argument('<name>')
    .description('makes a profile the current one')
    .action(name => perform({}, async () => (await load()).useProfile(name)));
  profile
    .command('delete')
    .argument('<name>')
    .description('deletes a profile')
    .action(name => perform({}, async () => (await load()).deleteProfile(name)));
}
