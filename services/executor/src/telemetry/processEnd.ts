import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from 'pino';
import { describeThrown } from '../failure/describeThrown.ts';

/** An attempt whose handler runs in this process. */
export type RunningAttempt = { readonly taskId: string; readonly task: string; readonly attempt: number };

/** What an executor does when its process ends. */
type Watched = {
  readonly logger: Logger;
  readonly running: () => readonly RunningAttempt[];
  /**
   * Writes what must not get lost, without waiting for anything.
   * @returns whether something was written
   */
  readonly writeAtExit: () => boolean;
};

/** The attempt whose code runs: also in timers and promises that its handler left behind. */
const current = new AsyncLocalStorage<RunningAttempt>();
/**
 * Closing a socket with unread data resets its connection, and then the server drops what it has not read yet. So the
 * server gets this long to read the last events. The process waits only if it wrote some.
 */
const readByServerMs = 250;
const watched = new Set<Watched>();
let isErrorLogged = false;

/** Calls a handler so that everything that it starts, also what it does not await, is known to be its own. */
export function callAs<T>(attempt: RunningAttempt, handler: () => T): T {
  return current.run(attempt, handler);
}

/**
 * When an uncaught error or `process.exit` ends this process: logs which task likely caused it and which tasks run, and
 * has the executor write its last events. It does not keep the process alive: after such an error its state is unknown,
 * and its tasks run again in another executor.
 *
 * @returns ends the watch: the executor has stopped
 */
export function watchProcessEnd(executor: Watched): () => void {
  if (watched.size === 0) {
    process.on('uncaughtExceptionMonitor', logError);
    process.on('exit', onExit);
  }
  watched.add(executor);
  return () => {
    watched.delete(executor);
    if (watched.size > 0) return;
    process.off('uncaughtExceptionMonitor', logError);
    process.off('exit', onExit);
  };
}

function logError(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
  // Another listener may keep the process alive; then another error may follow.
  isErrorLogged = process.listenerCount('uncaughtException') === 0;
  for (const { logger, running } of watched) {
    logger.fatal(
      { err: describeThrown(error), origin, likelyTask: current.getStore(), running: running() },
      'an uncaught error: it ends this process and its tasks, unless another listener handles it',
    );
  }
}

function onExit(exitCode: number): void {
  let isWritten = false;
  for (const { logger, running, writeAtExit } of watched) {
    const tasks = running();
    if (!isErrorLogged && tasks.length > 0) {
      const { stack } = new Error('process.exit');
      logger.fatal(
        { exitCode, likelyTask: current.getStore(), running: tasks, stack },
        'the process exits while tasks run in it: the stack shows where process.exit was called',
      );
    }
    isWritten = writeAtExit() || isWritten;
  }
  // Blocks, since no turn of the event loop follows.
  if (isWritten) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, readByServerMs);
}
