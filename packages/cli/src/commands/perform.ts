import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { Connection, ConnectionFlags } from '../gateway/connection.ts';
import { type ExitCode, exitCodes } from '../output/exitCodes.ts';
import { type OutputFlags, reportFault } from '../output/output.ts';

/** What a command does, and how it ends where that is not `done`. */
type Act = () => Promise<ExitCode | undefined>;

/** Does what a command does, reports what goes wrong, and sets the exit code. */
export async function perform(flags: OutputFlags, act: Act, url?: () => string | undefined): Promise<void> {
  try {
    process.exitCode = (await act()) ?? exitCodes.done;
  } catch (error) {
    const { describeFault } = await import('../output/describeFault.ts');
    const fault = describeFault(error, url?.());
    reportFault(fault, flags);
    process.exitCode = fault.exitCode;
  }
}

/** The same for a command over the gateway. */
export async function overGateway(
  flags: OutputFlags & ConnectionFlags,
  act: (connection: Connection) => Promise<ExitCode | undefined>,
): Promise<void> {
  let url: string | undefined;
  await perform(
    flags,
    async () => {
      const { connect } = await import('../gateway/connection.ts');
      const connection = await connect(flags);
      url = connection.url;
      return act(connection);
    },
    () => url,
  );
}

/** The same for one that runs until something happens: the first interrupt is for it, the second ends the process. */
export function untilInterrupted(
  flags: OutputFlags & ConnectionFlags,
  act: (connection: Connection, signal: AbortSignal) => Promise<ExitCode | undefined>,
): Promise<void> {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
      interrupt.abort();
    });
  return overGateway(flags, async connection => {
    try {
      return await act(connection, interrupt.signal);
    } catch (error) {
      if (interrupt.signal.aborted) return exitCodes.interrupted;
      throw error;
    }
  });
}

/** Reads the value of an option, so that a mistake is reported as one of that option. */
export function optionValue<T>(read: (text: string) => T): (text: string) => T {
  return text => {
    try {
      return read(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}
