import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { TaskStatus } from '@longhaul/proto';
import { statuses } from '@longhaul/proto/browser';
import type { Priority } from '@longhaul/proto/wire';
import { durationMs } from '../tasks/duration.ts';
import type { FilterFlags } from '../tasks/taskFilter.ts';
import { optionValue } from './perform.ts';

/** Adds what every command over the gateway takes. */
export function withGateway<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .option('--json', 'print JSON, and errors as JSON')
    .option('--url <url>', 'the address of the gateway (LONGHAUL_URL)')
    .option('--api-key-file <file>', 'a file with the API key (LONGHAUL_API_KEY: the key itself)')
    .option('--profile <name>', 'a gateway and key by name (LONGHAUL_PROFILE)');
}

/** Adds what says which tasks. Its type is written out: the one that is inferred is too long for a declaration. */
export function withFilter<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
): Command<A, O & FilterFlags> {
  const added = command
    .option('--status <statuses>', 'in one of these, such as FAILED,CANCELED', optionValue(statusesOf))
    .option('--type <name>', 'of this task type')
    .option('--owner <owner>', 'of this owner')
    .option('--parent <id>', 'started by the handler of this task')
    .option('--text <text>', 'with this in the id, the type, the owner or the code of the error')
    .option('--since <time>', 'accepted since then: 2026-11-28T09:00:00Z, or 2h for two hours ago')
    .option('--until <time>', 'accepted before then')
    .option('--limit <number>', 'so many at most', optionValue(positive));
  return added as unknown as Command<A, O & FilterFlags>;
}

/** Adds what says how a task is started. */
export function withStart<A extends unknown[], O extends OptionValues>(command: Command<A, O>) {
  return command
    .option('--key <key>', 'an idempotency key: the same key gives the same task')
    .option('--priority <priority>', 'high, normal or low', optionValue(priorityOf))
    .option('--delay <duration>', 'not before so long, such as 90s or 1h30m', optionValue(durationMs))
    .option(
      '--start-within <duration>',
      'fails when it has not begun so long after',
      optionValue(durationMs),
    );
}

function statusesOf(text: string): TaskStatus[] {
  return text
    .toUpperCase()
    .split(',')
    .map(name => {
      const status = statuses.find(each => each === name.trim());
      if (status === undefined)
        throw new Error(`There is no status "${name}". There are: ${statuses.join(', ')}.`);
      return status;
    });
}

/** As the protocol has them. Written out, since the help must not load its schemas: the type fails where they differ. */
const priorities = ['high', 'normal', 'low'] as const satisfies readonly Priority[];

function priorityOf(text: string): Priority {
  const priority = priorities.find(each => each === text);
  if (priority === undefined) throw new Error(`There are: ${priorities.join(', ')}.`);
  return priority;
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error('It is a whole number above 0.');
  return number;
}
