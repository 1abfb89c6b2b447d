import { once } from 'node:events';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Set by `longhaul dev` for the services that it starts. */
export const devVariable = 'LONGHAUL_DEV_SERVICE';

/** Whether this process is a service of `longhaul dev`. */
export function isDevService(): boolean {
  return process.env[devVariable] === '1' && process.send !== undefined;
}

const loadedFiles = new Set<string>();
let isTold = false;

/** From here on, a service of `longhaul dev` notes the files that it loads: a change of another needs no restart of it. */
export function noteLoadedFiles(): void {
  if (!isDevService()) return;
  registerHooks({
    load: (url, context, next) => {
      if (url.startsWith('file:')) {
        const file = fileURLToPath(url);
        loadedFiles.add(file);
        if (isTold) process.send?.({ file });
      }
      return next(url, context);
    },
  });
}

/**
 * Tells `longhaul dev` that the code of this process is loaded, and waits until the service before it has ended: so code that
 * cannot be loaded takes nothing down, and a task that was released is not taken by old code again.
 */
export async function untilMyTurn(): Promise<void> {
  if (!isDevService()) return;
  // When `longhaul dev` is gone, however it ended, so is this.
  // NATS goes with it, so an end in good order would wait for answers, and for readers of the log, that cannot come.
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  const go = once(process, 'message');
  process.send?.({ loaded: [...loadedFiles] });
  isTold = true;
  await go;
}
