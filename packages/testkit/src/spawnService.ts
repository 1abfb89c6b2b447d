import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { ProtectionOptions } from '@longhaul/gateway';

/** A service as a process of its own, to be killed. */
export type SpawnedService = {
  readonly pid: number;
  /** How it ended: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Sends any signal (`SIGSTOP`, `SIGCONT`) and waits for nothing; `false`: it has ended already. */
  readonly signal: (signal: NodeJS.Signals) => boolean;
  /** The bytes of its heap that are in use, after a garbage collection. */
  readonly heapBytes: () => Promise<number>;
  /** The same with what it keeps beside its heap, as buffers are. */
  readonly memoryBytes: () => Promise<number>;
  /** Of a gateway: the most processor time that one turn of its event loop took since this was asked last, in milliseconds. */
  readonly busyMs: () => Promise<number>;
  /** Ends it without a chance to say goodbye (SIGKILL), and waits until it is gone. */
  readonly kill: () => Promise<void>;
  /** Asks it to end in good order (SIGTERM); resolves with its exit code. */
  readonly stop: () => Promise<number | null>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type SpawnOptions = {
  readonly natsUrl: string;
  readonly namespace: string;
  /** What the process runs: a file that calls `runExecutorProcess` or `runGatewayProcess`. Default: the scripted tasks. */
  readonly script?: URL;
  /** Of an executor. Default: 4. */
  readonly concurrency?: number;
  /** Of a gateway. Default: a free one. */
  readonly port?: number;
  /** Of a gateway. Default: its own defaults, but no limit of an owner's calls. */
  readonly protection?: ProtectionOptions;
  /** Of a gateway: how many servers of the cluster keep everything. Default: 1. */
  readonly replicas?: 1 | 3 | 5;
  /** Of an executor. Default: made up. */
  readonly id?: string;
  /** How far the clock of the process is ahead, in milliseconds; negative: behind. Default: 0. */
  readonly clockAheadMs?: number;
  /** Of an executor: milliseconds that handlers get when it is asked to end. Default: the executor's own. */
  readonly drainMs?: number;
  /** Of an executor: what its handlers do when NATS does not answer. Default: the executor's own. */
  readonly onCutOff?: 'abort' | 'continue';
  /** Of an executor: a file to which each start and end of a handler is appended. */
  readonly handlerLog?: string;
  /** A file that its output is appended to. Default: that of this process. */
  readonly outputFile?: string;
};

/** An executor as a process. */
export async function spawnExecutor(
  options: SpawnOptions,
): Promise<SpawnedService & { readonly id: string }> {
  const { ready, ...service } = await spawn('./scriptedExecutor.ts', options);
  return { ...service, id: String(ready.executor) };
}

/** A gateway as a process. */
export async function spawnGateway(
  options: SpawnOptions,
): Promise<SpawnedService & { readonly url: string }> {
  const { ready, ...service } = await spawn('./scriptedGateway.ts', options);
  return { ...service, url: String(ready.url) };
}

async function spawn(
  scripted: string,
  options: SpawnOptions,
): Promise<SpawnedService & { ready: Record<string, unknown> }> {
  const output = options.outputFile === undefined ? 'inherit' : openSync(options.outputFile, 'a');
  const file = options.script ?? new URL(scripted, import.meta.url);
  const child = fork(file, [], {
    // For `heapBytes`: what is garbage must not count.
    execArgv: [
      ...process.execArgv,
      '--expose-gc',
      ...(options.clockAheadMs === undefined
        ? []
        : ['--import', new URL('./shiftedClock.ts', import.meta.url).href]),
    ],
    env: {
      ...process.env,
      NATS_URL: options.natsUrl,
      LONGHAUL_NAMESPACE: options.namespace,
      CONCURRENCY: String(options.concurrency ?? 4),
      PORT: String(options.port ?? 0),
      PROTECTION: JSON.stringify({ callRate: 'off', ...options.protection }),
      ...(options.clockAheadMs === undefined ? {} : { CLOCK_AHEAD_MS: String(options.clockAheadMs) }),
      ...(options.replicas === undefined ? {} : { REPLICAS: String(options.replicas) }),
      ...(options.id === undefined ? {} : { EXECUTOR_ID: options.id }),
      ...(options.drainMs === undefined ? {} : { DRAIN_MS: String(options.drainMs) }),
      ...(options.onCutOff === undefined ? {} : { ON_CUT_OFF: options.onCutOff }),
      ...(options.handlerLog === undefined ? {} : { HANDLER_LOG: options.handlerLog }),
    },
    stdio: ['ignore', output, output, 'ipc'],
  });
  if (typeof output === 'number') closeSync(output);
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (isRunning()) {
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  };
  const first = await Promise.race([once(child, 'message'), ended.then(() => undefined)]);
  if (!first)
    throw new Error(`${file.href} ended with ${child.exitCode ?? child.signalCode} before it was ready.`);
  const [message] = first as [{ ready: Record<string, unknown> }];
  const ask = async (what: 'heap?' | 'busy?') => {
    const answer = once(child, 'message');
    child.send(what);
    return ((await answer) as [{ heapBytes: number; memoryBytes: number; busyMs: number }])[0];
  };
  return {
    ready: message.ready,
    pid: child.pid as number,
    ended,
    signal: signal => isRunning() && child.kill(signal),
    heapBytes: async () => (await ask('heap?')).heapBytes,
    memoryBytes: async () => (await ask('heap?')).memoryBytes,
    busyMs: async () => (await ask('busy?')).busyMs,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    [Symbol.asyncDispose]: async () => void (await end('SIGKILL')),
  };
}
