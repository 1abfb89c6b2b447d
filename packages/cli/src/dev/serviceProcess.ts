import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { devVariable } from '../services/devStep.ts';

/** What to run: a command of this program, and what it is run with. */
export type ServiceCommand = {
  /** Such as `executor`. */
  readonly name: string;
  /** The arguments of the command line, such as `executor --config longhaul.config.ts`. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Gets each line that it writes. */
  readonly onLine: (line: string) => void;
};

/** What a service tells of itself when it is ready: `url`, `executor` and the like. */
export type Ready = Readonly<Record<string, unknown>>;

/** A gateway or an executor of `longhaul dev` as a process. */
export type ServiceProcess = {
  /** Resolves when its code is loaded, with `undefined`; or with how it ended before. */
  readonly loaded: Promise<string | undefined>;
  /** Whether it has loaded this file. */
  readonly hasLoaded: (file: string) => boolean;
  /** Has it start, and resolves with what it tells of itself when it is ready; or with how it ended before. */
  readonly go: () => Promise<Ready | string>;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  /** Asks it to end in good order and waits for that. Asked again, it hurries. */
  readonly stop: () => Promise<void>;
};

/** After a request to end, a service that does not is killed. */
const killAfterMs = 40_000;

/** The program of this package. */
export const program = new URL(import.meta.url.endsWith('.ts') ? '../bin.ts' : '../bin.js', import.meta.url);

/**
 * Starts a service. It gets a process group of its own, so that a Ctrl-C in the terminal reaches it once, through us, and in
 * the right order.
 */
export function startServiceProcess({ name, args, env, onLine }: ServiceCommand): ServiceProcess {
  const service = fork(program, args, {
    env: { ...env, [devVariable]: '1' },
    detached: process.platform !== 'win32',
    silent: true,
  });
  for (const stream of [service.stdout, service.stderr])
    if (stream) createInterface({ input: stream }).on('line', onLine);
  const ended = new Promise<string>(resolve => {
    service.once('error', error => resolve(`${name} cannot be run: ${error.message}`));
    // `close`, not `exit`: what it wrote last is read by then.
    service.once('close', (code, signal) => resolve(signal ?? `code ${code}`));
  });
  const files = new Set<string>();
  const loaded = messageOf(service, 'loaded').then(list => {
    for (const file of list as string[]) files.add(file);
  });
  service.on('message', message => {
    const { file } = message as { readonly file?: unknown };
    if (typeof file === 'string') files.add(file);
  });
  return {
    loaded: Promise.race([loaded, ended]) as Promise<string | undefined>,
    hasLoaded: file => files.has(file),
    ended,
    go: () => {
      const ready = messageOf(service, 'ready');
      // It may have ended since: then there is nobody to tell, and `ended` says so.
      service.send({ go: true }, () => {});
      return Promise.race([ready.then(message => message as Ready), ended]);
    },
    stop: async () => {
      service.kill('SIGTERM');
      const timer = setTimeout(() => service.kill('SIGKILL'), killAfterMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

function messageOf(service: ChildProcess, key: string): Promise<unknown> {
  return new Promise(resolve => {
    const take = (message: unknown) => {
      if (typeof message !== 'object' || message === null || !(key in message)) return;
      service.off('message', take);
      resolve((message as Record<string, unknown>)[key]);
    };
    service.on('message', take);
  });
}
