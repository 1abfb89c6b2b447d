import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A service as a process of its own, to be killed. */
export type SpawnedService = {
  /** Ends it without a chance to say goodbye (SIGKILL), and waits until it is gone. */
  readonly kill: () => Promise<void>;
  /** Asks it to end in good order (SIGTERM); resolves with its exit code. */
  readonly stop: () => Promise<number | null>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type SpawnOptions = {
  readonly natsUrl: string;
  readonly namespace: string;
  /** Of an executor. Default: 4. */
  readonly concurrency?: number;
  /** Of a gateway. Default: a free one. */
  readonly port?: number;
};

/** An executor of the scripted tasks as a process. */
export async function spawnExecutor(
  options: SpawnOptions,
): Promise<SpawnedService & { readonly id: string }> {
  const { ready, ...service } = await spawn('./scriptedExecutor.ts', options);
  return { ...service, id: String(ready.executor) };
}

/** A gateway of the scripted tasks as a process. */
export async function spawnGateway(
  options: SpawnOptions,
): Promise<SpawnedService & { readonly url: string }> {
  const { ready, ...service } = await spawn('./scriptedGateway.ts', options);
  return { ...service, url: String(ready.url) };
}

async function spawn(
  script: string,
  options: SpawnOptions,
): Promise<SpawnedService & { ready: Record<string, unknown> }> {
  const child = fork(new URL(script, import.meta.url), [], {
    env: {
      ...process.env,
      NATS_URL: options.natsUrl,
      LONGHAUL_NAMESPACE: options.namespace,
      CONCURRENCY: String(options.concurrency ?? 4),
      PORT: String(options.port ?? 0),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await exited;
    }
    return child.exitCode;
  };
  const first = await Promise.race([once(child, 'message'), exited.then(() => undefined)]);
  if (!first)
    throw new Error(`${script} ended with ${child.exitCode ?? child.signalCode} before it was ready.`);
  const [message] = first as [{ ready: Record<string, unknown> }];
  return {
    ready: message.ready,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: async () => void (await end('SIGKILL')),
  };
}
