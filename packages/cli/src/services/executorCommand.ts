import { runExecutor } from '@longhaul/executor/process';
import type { Contract } from '@longhaul/proto';
import type { HandlersSource } from '../config/defineConfig.ts';
import { type ConfigFlags, loadConfig } from '../config/loadConfig.ts';
import { isDevService, noteLoadedFiles, untilMyTurn } from './devStep.ts';

/** `longhaul executor`: an executor of the project's handlers as this process, configured by the environment. */
export async function executorCommand(flags: ConfigFlags): Promise<undefined> {
  noteLoadedFiles();
  const { config } = await loadConfig(flags);
  const handlers = await handlersOf(config.handlers);
  await untilMyTurn();
  const { drainMs, ...settings } = config.executor ?? {};
  await runExecutor(config.contract, handlers as never, {
    // `longhaul dev` releases running tasks at once: a developer who changed a file does not wait for them.
    settings: isDevService() || drainMs === undefined ? settings : { ...settings, drainMs },
  });
}

async function handlersOf(source: HandlersSource<Contract>): Promise<unknown> {
  // A contract's root is a tree, so a function there is never a handler.
  return typeof source === 'function' ? await (source as () => unknown)() : source;
}
