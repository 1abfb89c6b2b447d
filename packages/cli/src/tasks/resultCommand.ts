import type { TaskDefinition } from '@longhaul/proto';
import type { TaskOutcomeOf } from '@longhaul/proto/wire';
import type { Connection } from '../gateway/connection.ts';
import { type ExitCode, exitCodes } from '../output/exitCodes.ts';
import { type OutputFlags, printJson, remark, styled } from '../output/output.ts';
import { terminalText } from '../output/terminalText.ts';

/** Flags of `longhaul result`. */
export type ResultFlags = OutputFlags & { readonly wait: boolean };

/** `longhaul result ID`: waits for the end of a task and prints its output. */
export async function resultCommand(
  { client, taskType }: Connection,
  id: string,
  flags: ResultFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  // Asked first: it says the task's type, and a gateway that does not answer is reported at once.
  const { name, status } = await client.$tasks.get(id);
  if (!flags.wait && status !== 'COMPLETED' && status !== 'FAILED' && status !== 'CANCELED') {
    if (flags.json) printJson({ id, status, done: false });
    else remark(`The task is ${status}.`);
    return exitCodes.failed;
  }
  return printOutcome(await taskType(name).handle(id).outcome({ signal }), flags);
}

/** Prints the output of a task, or why there is none. With `--json`, the whole outcome. */
export function printOutcome(outcome: TaskOutcomeOf<TaskDefinition>, { json }: OutputFlags): ExitCode {
  if (json) {
    printJson(outcome);
    return outcome.status === 'COMPLETED' ? exitCodes.done : exitCodes.failed;
  }
  if (outcome.status === 'COMPLETED') {
    if (outcome.unfit) {
      remark(
        `The task is COMPLETED, and its output does not fit the contract of this gateway: longhaul get ${outcome.id}`,
      );
      return exitCodes.failed;
    }
    if (outcome.output !== undefined) printJson(outcome.output);
    return exitCodes.done;
  }
  const how = styled('red', outcome.status, process.stderr);
  if (outcome.status === 'FAILED') {
    const { code, message } = outcome.error;
    remark(`${how}  ${terminalText(`${code}: ${message}`)}`);
    if ('data' in outcome.error && outcome.error.data !== undefined)
      remark(`        ${JSON.stringify(outcome.error.data)}`);
  } else if (outcome.status === 'CANCELED')
    remark(`${how}${outcome.reason === undefined ? '' : `  ${terminalText(outcome.reason)}`}`);
  return exitCodes.failed;
}
