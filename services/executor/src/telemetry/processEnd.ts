import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from 'pino';
import { describeThrown } from '../failure/describeThrown.ts';

/** An attempt whose handler runs in this process. */
export type RunningAttempt = { readonly taskId: string; readonly task: string; readonly attempt: number };

/** What one executor has to say when its process ends under it. */
type Watched = {
  readonly logger: Logger;
  readonly running: () => readonly RunningAttempt[];
  /** Writes what can still be written, without waiting for anything. Tells whether there was something. */
  readonly lastWords: () => boolean;
};

/** Whose code runs: also in the timers and promises that a handler has left behind. */
const current = new AsyncLocalStorage<RunningAttempt>();
/**
 * A socket that is closed while something from the server is unread in it resets its connection, and the server then
 * drops what it has not read of ours. So it gets a moment to read the last words, on this way out alone.
 */
const readByServerMs = 250;
const watched = new Set<Watched>();
let isErrorLogged = false;

/** Calls a handler so that what it starts, and forgets, is known to be its own. */
export function callAs<T>(attempt: RunningAttempt, handler: () => T): T {
  return current.run(attempt, handler);
}

/**
 * Says, when an error that nobody caught or `process.exit` ends this process, whose handler it likely was and which
 * tasks it takes along; and has the executor write its last words. Does not keep the process from ending: after such an
 * error nobody knows what else is wrong in it, and its tasks run again elsewhere.
 *
 * @returns ends the watching: the executor has stopped
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
  // Somebody else's listener may keep the process alive; then another error may come.
  isErrorLogged = process.listenerCount('uncaughtException') === 0;
  for (const { logger, running } of watched) {
    logger.fatal(
      { err: describeThrown(error), origin, likelyTask: current.getStore(), running: running() },
      'an error that nobody caught: it ends this process, unless somebody listens, and with it the tasks that run here',
    );
  }
}

function onExit(exitCode: number): void {
  let isWritten = false;
  for (const { logger, running, lastWords } of watched) {
    const tasks = running();
    if (!isErrorLogged && tasks.length > 0) {
      const { stack } = new Error('process.exit');
      logger.fatal(
        { exitCode, likelyTask: current.getStore(), running: tasks, stack },
        'the process exits while tasks run in it: the stack says who called process.exit',
      );
    }
    isWritten = lastWords() || isWritten;
  }
  // Nothing else can wait here: no turn of the event loop follows.
  if (isWritten) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, readByServerMs);
}
