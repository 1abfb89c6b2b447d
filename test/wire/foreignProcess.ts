import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../docs/protocol/minimalExecutor.mjs', import.meta.url));

/** `docs/protocol/minimalExecutor.mjs` as a process of its own. */
export type ForeignProcess = AsyncDisposable & {
  /** What it calls itself in events. */
  readonly executor: string;
  /** Sends a signal and resolves with the exit code (`null`: ended by the signal) once it has ended. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
};

/** Starts it; its errors go to this process's, so that a failing test shows them. */
export function startForeignExecutor(url: string, namespace: string): ForeignProcess {
  const child: ChildProcess = spawn(process.execPath, [script, url, namespace], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const [code] = await exited;
    return typeof code === 'number' ? code : null;
  };
  return {
    executor: `minimal-${child.pid}`,
    end,
    [Symbol.asyncDispose]: async () => {
      await end('SIGKILL');
    },
  };
}
