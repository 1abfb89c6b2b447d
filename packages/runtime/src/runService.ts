import type { Logger } from 'pino';
import { createLogger } from './logger.ts';
import { startTracing } from './tracing.ts';

/** A service that runs until it is stopped. */
export type StoppableService = {
  /** Stops in good order; called again with `drainMs: 0` at a second signal. */
  readonly stop: (options?: { readonly drainMs?: number }) => Promise<void>;
};

const signals = ['SIGINT', 'SIGTERM'] as const;
/** Ctrl-C in a terminal reaches a process twice where its parent passes signals on: within this time it counts as one. */
const sameSignalMs = 500;

/**
 * Runs a service as the process's whole purpose: starts it, stops it on SIGINT or SIGTERM, hurries on a second one,
 * and ends the process with 0, or with 1 when it could not start or stop.
 *
 * @param start starts the service and says what to log about it
 */
export async function runService(
  name: string,
  level: string,
  start: (
    logger: Logger,
  ) => Promise<{ readonly service: StoppableService; readonly ready: Record<string, unknown> }>,
): Promise<void> {
  const logger = createLogger(name, level);
  try {
    // Before anything that could be traced.
    const tracing = await startTracing(`longhaul-${name.replaceAll(' ', '-')}`);
    const { service, ready } = await start(logger);
    logger.info(ready, `${name} is ready`);
    // The parent process may wait for this message instead of reading the log.
    process.send?.({ ready });
    const signal = await nextSignal(0);
    logger.info({ signal: signal.name }, `${name} stops; send the signal again to hurry`);
    const stopped = service.stop();
    void nextSignal(signal.atMs).then(() => service.stop({ drainMs: 0 }));
    await stopped;
    await tracing
      ?.stop()
      .catch((err: unknown) => logger.warn({ err }, 'the last spans could not be exported'));
    logger.info(`${name} has stopped`);
    process.exit(0);
  } catch (error) {
    // A fault of the environment or the contract is for an operator to fix: its message has the advice, a stack adds nothing.
    if (error instanceof Error && 'code' in error) logger.fatal({ code: error.code }, error.message);
    else logger.fatal({ err: error }, `${name} ends`);
    process.exit(1);
  }
}

function nextSignal(sinceMs: number): Promise<{ readonly name: string; readonly atMs: number }> {
  return new Promise(resolve => {
    const take = (name: string) => {
      const atMs = Date.now();
      if (atMs - sinceMs < sameSignalMs) return;
      for (const signal of signals) process.off(signal, take);
      resolve({ name, atMs });
    };
    for (const signal of signals) process.on(signal, take);
  });
}
