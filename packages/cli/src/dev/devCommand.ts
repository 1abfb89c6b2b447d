import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { consoleDirectory } from '@longhaul/console';
import { locateNatsServer, startNatsServer } from '@longhaul/nats-server';
import { Disposables } from '@longhaul/runtime';
import { type ConfigFlags, loadConfig } from '../config/loadConfig.ts';
import { type DevService, startDevService } from './devService.ts';
import { createReadableLog } from './readableLog.ts';
import { watchFiles } from './watchFiles.ts';

/** Flags of `longhaul dev`. */
export type DevFlags = ConfigFlags & {
  readonly port: string;
  readonly host?: string | undefined;
  readonly data?: string | undefined;
  readonly nats?: string | undefined;
  readonly console: boolean;
  readonly watch: boolean;
};

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * `longhaul dev`: NATS, a gateway with the console and an executor of the project, restarted when its code changes, until a
 * signal ends all of them.
 *
 * @returns the exit code
 */
export async function devCommand(flags: DevFlags): Promise<number> {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const opened = new Disposables();
  const stop = Promise.withResolvers<number>();
  const hurry: DevService[] = [];
  let asked = false;
  for (const signal of signals)
    process.on(signal, () => {
      // A second one hurries the services: they then wait for nothing.
      if (asked) for (const service of hurry) void service.stop();
      asked = true;
      stop.resolve(0);
    });
  let code = 1;
  try {
    const started = start(flags, say, opened, hurry);
    started.catch(() => {});
    code = (await Promise.race([started, stop.promise])) ?? (await stop.promise);
  } catch (error) {
    say(`\n${error instanceof Error ? error.message : String(error)}`);
  }
  say('\nStopping…');
  // In reverse: executors release their tasks through NATS, which therefore ends last.
  await opened.disposeAsync();
  say('Stopped.');
  return code;
}

async function start(
  flags: DevFlags,
  say: (line: string) => void,
  opened: Disposables,
  hurry: DevService[],
): Promise<undefined> {
  const { config, folder } = await loadConfig(flags);
  const data = resolve(folder, flags.data ?? '.longhaul');
  const natsUrl = flags.nats ?? (await startNats(data, say, opened));
  say(`NATS      ${natsUrl}${flags.nats === undefined ? `, its data in ${shown(data)}` : ''}`);

  const log = createReadableLog(process.stdout);
  const files = (['config', 'contract', 'handlers'] as const).flatMap(name =>
    flags[name] === undefined ? [] : [`--${name}`, flags[name]],
  );
  const env = { EXECUTOR_DRAIN_MS: '0', ...process.env, NATS_URL: natsUrl };
  const run = async (name: string, args: readonly string[], env: NodeJS.ProcessEnv) => {
    const service = await startDevService(
      { name, args: [name, ...files, ...args], env, onLine: line => log(name, line) },
      say,
    );
    opened.defer(service.stop);
    hurry.push(service);
    return service;
  };
  const hasConsole = flags.console && existsSync(join(consoleDirectory, 'index.html'));
  const gatewayEnv = {
    ...env,
    PORT: flags.port,
    ...(flags.host === undefined ? {} : { HOST: flags.host }),
  };
  const gateway = await run('gateway', hasConsole ? [] : ['--no-console'], gatewayEnv);
  const url = String(gateway.ready().url);
  // Where a free port was asked for, the next gateway takes the same: clients have its address by now.
  gatewayEnv.PORT = new URL(url).port;
  const executor = await run('executor', [], env);
  say(`gateway   ${url} (tRPC at /trpc, REST at /v1 and /docs)`);
  say(`executor  ${String(executor.ready().executor)}`);
  say(hasConsole ? `console   ${url}` : 'console   none');
  if (flags.watch) {
    const watched = (config.watch ?? ['.']).map(path => resolve(folder, path));
    const files = await watchFiles(watched, file => {
      say(`\n${shown(file)} has changed: running tasks are handed over to the new code.`);
      // Of the executor's code, threads load a part that it does not note; the gateway's is all noted.
      if (gateway.runs(file)) void gateway.replace();
      void executor.replace();
    });
    opened.defer(files.close);
    say(`watching  ${watched.map(shown).join(', ')}`);
  }
  say('\nReady. Ctrl-C stops everything.');
  return undefined;
}

async function startNats(data: string, say: (line: string) => void, opened: Disposables): Promise<string> {
  const dataDir = join(data, 'nats');
  await mkdir(dataDir, { recursive: true });
  const { path } = await locateNatsServer({ say });
  const server = await startNatsServer({ binary: path, dataDir, say });
  opened.defer(() => server.stop());
  return server.url;
}

/** A path as the reader of the terminal would write it. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}
