import { sandboxed } from '@longhaul/executor';
import { runExecutorProcess, scriptedHandlers } from '@longhaul/testkit';
import { chaosContract } from './contract.ts';

type Module = typeof import('./threadHandlers.ts');
const module = new URL('./threadHandlers.ts', import.meta.url);
/** Short, so that threads come and go. */
const idleMs = 1_000;

await runExecutorProcess(chaosContract, {
  ...scriptedHandlers,
  thread: {
    block: sandboxed<Module, 'block'>(module, { exportName: 'block', idleMs }),
    breakOnce: sandboxed<Module, 'breakOnce'>(module, { exportName: 'breakOnce', idleMs }),
  },
});
