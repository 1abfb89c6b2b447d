import { isTerminal } from '@longhaul/proto/wire';
import type { Connection } from '../gateway/connection.ts';
import { describeFault } from '../output/describeFault.ts';
import { type ExitCode, exitCodes } from '../output/exitCodes.ts';
import { type OutputFlags, print, printJson, remark, reportFault } from '../output/output.ts';
import { eachTask, type FilterFlags, filterOf } from './taskFilter.ts';

/** Flags of `longhaul replay`. */
export type ReplayFlags = OutputFlags &
  FilterFlags & { readonly dryRun?: true | undefined; readonly code?: string | undefined };

/** How many retries are asked for at once. */
const atOnce = 8;

/**
 * `longhaul replay`: starts failed tasks again, found by a filter, oldest first. Each new task has an idempotency key made of
 * the old one's id: a replay that was interrupted can be run again, and starts none twice.
 */
export async function replayCommand(
  { client, url }: Connection,
  flags: ReplayFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const filter = filterOf({ ...flags, status: flags.status ?? ['FAILED'] });
  const found = await Array.fromAsync(eachTask(client, filter, Number.POSITIVE_INFINITY));
  const chosen = found
    .filter(
      ({ status, errorCode }) => isTerminal(status) && (flags.code === undefined || errorCode === flags.code),
    )
    .reverse()
    .slice(0, flags.limit);
  if (flags.dryRun) {
    if (flags.json) printJson(chosen);
    else for (const { id, name, errorCode } of chosen) print(`${id}  ${name}  ${errorCode ?? ''}`.trimEnd());
    remark(`${chosen.length} would be started again.`);
    return exitCodes.done;
  }
  const outcomes: { readonly retryOf: string; readonly id: string }[] = [];
  let failed: ExitCode = exitCodes.done;
  const waiting = chosen.values();
  const work = async () => {
    for (const { id: retryOf } of waiting) {
      if (signal.aborted) return;
      try {
        const { id } = await client.$tasks.retry(retryOf, { idempotencyKey: `replay-${retryOf}` });
        outcomes.push({ retryOf, id });
        if (!flags.json) print(`${retryOf}  ->  ${id}`);
      } catch (error) {
        const fault = describeFault(error, url);
        reportFault({ ...fault, message: `${retryOf}: ${fault.message}` }, flags);
        failed = fault.exitCode;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (flags.json) printJson(outcomes);
  remark(`${outcomes.length} of ${chosen.length} were started again.`);
  return signal.aborted ? exitCodes.interrupted : failed;
}
