import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { OpenOptions, ServiceProcess } from './system.ts';

/** Starting takes well below a second; a service silent for longer than this has a fault. */
const startTimeoutMs = 30_000;

/**
 * Runs a script as a process of its own and waits for its `{ ready: … }`. It sends further messages as
 * `{ kind, … }`, and ends when this process is gone.
 *
 * @throws Error when it ends, or says nothing, before it is ready
 */
export async function forkService(
  script: URL,
  env: Readonly<Record<string, string>>,
  { profileDir }: OpenOptions,
): Promise<{ readonly service: ServiceProcess; readonly ready: Readonly<Record<string, unknown>> }> {
  const child = fork(script, [], {
    env: { ...process.env, ...env },
    execArgv: profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
  };
  const next = (kind: string) =>
    new Promise<unknown>(resolve => {
      const take = (message: unknown) => {
        if (typeof message !== 'object' || message === null || !(kind in message)) return;
        child.off('message', take);
        resolve((message as Record<string, unknown>)[kind]);
      };
      child.on('message', take);
    });

  const deadline = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs);
  const ready = await Promise.race([next('ready'), exited.then(() => undefined)]);
  clearTimeout(deadline);
  if (typeof ready !== 'object' || ready === null)
    throw new Error(
      `${script.pathname} ended with ${child.exitCode ?? child.signalCode} before it was ready.`,
    );
  return {
    service: {
      pid: child.pid as number,
      next,
      stop: () => end('SIGTERM'),
      kill: () => end('SIGKILL'),
    },
    ready: ready as Record<string, unknown>,
  };
}
