import { gatewayErrorOf } from '@longhaul/client';
import type { Priority, StartOptions } from '@longhaul/proto/wire';
import type { Connection } from '../gateway/connection.ts';
import { type OutputFlags, print, printJson, remark } from '../output/output.ts';
import { findType } from './findType.ts';
import { readInput } from './input/readInput.ts';

/** Options of a start, as flags. */
export type StartFlags = OutputFlags & {
  readonly key?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly delay?: number | undefined;
  readonly startWithin?: number | undefined;
};

/** A task that a command started. */
export type StartedTask = { readonly id: string; readonly name: string };

/** Starts a task with what the command line says of it. */
export async function startTask(
  { client, taskType }: Connection,
  name: string,
  args: readonly string[],
  flags: StartFlags,
): Promise<StartedTask> {
  const input = await readInput(args, async () => findType(await client.$types.list(), name).input);
  try {
    const { id } = await taskType(name).start(input as never, optionsOf(flags));
    return { id, name };
  } catch (error) {
    // A procedure that is not there says nothing about task types; the list of them does.
    if (gatewayErrorOf(error)?.reason === 'UNKNOWN_PROCEDURE') findType(await client.$types.list(), name);
    throw error;
  }
}

/** `longhaul start NAME [INPUT]`: starts a task and prints its id. */
export async function startCommand(
  connection: Connection,
  name: string,
  args: readonly string[],
  flags: StartFlags,
): Promise<undefined> {
  const started = await startTask(connection, name, args, flags);
  if (flags.json) return printJson(started);
  print(started.id);
  if (process.stdout.isTTY) remark(`Started ${name}. Watch it with: longhaul watch ${started.id}`);
}

function optionsOf({ key, priority, delay, startWithin }: StartFlags): StartOptions {
  return {
    ...(key === undefined ? {} : { idempotencyKey: key }),
    ...(priority === undefined ? {} : { priority }),
    ...(delay === undefined ? {} : { delayMs: delay }),
    ...(startWithin === undefined ? {} : { startWithinMs: startWithin }),
  };
}
