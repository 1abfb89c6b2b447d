import type { Logger } from 'pino';
import { messageOf } from '../failure/describeThrown.ts';
import { callHandler } from '../handler/callHandler.ts';
import type { RunnableTask } from '../handler/handlerCall.ts';
import { HandlersError, type MatchedTask } from '../handler/handlers.ts';
import { callSandboxed } from './callSandboxed.ts';
import { fingerprint } from './loadHandler.ts';
import { SandboxSpec } from './sandboxed.ts';
import { SandboxPool } from './sandboxPool.ts';

/** The tasks of an executor, with the threads of those that are sandboxed. */
export type OpenSandboxes = {
  readonly tasks: ReadonlyMap<string, RunnableTask>;
  /** Ends all threads. */
  readonly close: () => Promise<void>;
};

/**
 * Makes the thread pools of sandboxed handlers, and loads each handler once, so that a wrong module fails the start and
 * not the first task.
 * @throws HandlersError naming every task whose module cannot be loaded, or handles another definition
 */
export async function openSandboxes(
  matched: ReadonlyMap<string, MatchedTask>,
  maxThreads: number,
  logger: Logger,
): Promise<OpenSandboxes> {
  const pools = new Map<string, SandboxPool>();
  const tasks = new Map<string, RunnableTask>();
  for (const [name, { definition, handler }] of matched) {
    if (!(handler instanceof SandboxSpec)) {
      tasks.set(name, { definition, call: call => callHandler(call, handler) });
      continue;
    }
    const pool = new SandboxPool(definition, handler, maxThreads, logger);
    pools.set(name, pool);
    tasks.set(name, { definition, call: call => callSandboxed(call, pool) });
  }
  const close = async () => void (await Promise.all([...pools.values()].map(pool => pool.close())));
  const faults = await Promise.all([...pools].map(([name, pool]) => whyUnusable(name, pool)));
  const found = faults.filter(fault => fault !== undefined);
  if (found.length > 0) {
    await close();
    throw new HandlersError(`A sandboxed handler cannot be used:\n${found.join('\n')}`);
  }
  return { tasks, close };
}

async function whyUnusable(name: string, pool: SandboxPool): Promise<string | undefined> {
  const { module, exportName } = pool.address;
  try {
    if ((await pool.load()) === fingerprint(pool.definition)) return undefined;
    return `${name}: "${exportName}" of ${module} handles another task, or another version of its definition: name the module of this task in sandboxed(…).`;
  } catch (error) {
    return `${name}: ${messageOf(error)}`;
  }
}
