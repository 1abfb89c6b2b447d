import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { claimDataFolder, prepareDataFolder, releaseDataFolder } from './dataFolder.ts';
import { locateNatsServer } from './locate.ts';
import { type ServerChild, spawnServer } from './serverChild.ts';

/** Options of {@link startNatsServer}. */
export interface NatsServerOptions {
  /** The program. Default: what `locateNatsServer` finds or gets. */
  binary?: string;
  /** Where JetStream keeps its files; made when it is missing, kept afterwards. One server per folder. */
  dataDir: string;
  /** Client port; 0 (the default) takes a free one, and `restart` takes the same again. */
  port?: number;
  /** Address to listen on. Default `127.0.0.1`: only this machine. */
  host?: string;
  /** Further configuration in nats-server's own format; what the options above say wins. */
  configText?: string;
  /** Gets a line about what is being done, such as a download. Default: silence. */
  say?: (line: string) => void;
}

/** A nats-server that this process runs, with JetStream on and its data in files. */
export interface NatsServerProcess extends AsyncDisposable {
  /** For clients on this machine, such as `nats://127.0.0.1:43187`. The same after `restart`. */
  readonly url: string;
  /** The TCP port for clients. The same after `restart`. */
  readonly port: number;
  /** The process that runs now, or the last one. */
  readonly pid: number;
  /** Ends it and waits until it has ended. Twice is fine. */
  stop(): Promise<void>;
  /** Sends the signal (default SIGKILL: a crash) and waits until it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Stops it, if it runs, and starts it again on the same port and data; resolves when it is ready. */
  restart(): Promise<void>;
}

/**
 * Starts a nats-server and resolves when it is ready. It ends with this process, however that ends.
 *
 * @throws NatsServerError `NATS_SERVER_START_FAILED` (with its last log lines), `NATS_SERVER_DATA_IN_USE`, and
 * what `locateNatsServer` throws.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServerProcess> {
  const host = options.host ?? '127.0.0.1';
  const dataDir = resolve(options.dataDir);
  const say = options.say ?? (() => {});
  const binary = options.binary ?? (await locateNatsServer({ say })).path;

  const run = async (port: number): Promise<ServerChild> => {
    await prepareDataFolder(dataDir);
    const args = ['-a', host, '-p', port === 0 ? '-1' : String(port), '-js', '-sd', dataDir];
    if (options.configText !== undefined) {
      const configFile = join(dataDir, 'nats-server.conf');
      await writeFile(configFile, options.configText);
      args.push('-c', configFile);
    }
    const child = await spawnServer(binary, args);
    await claimDataFolder(dataDir, child.pid);
    return child;
  };

  let child = await run(options.port ?? 0);
  const { port } = child;
  const end = async (signal: NodeJS.Signals) => {
    const ending = child;
    await ending.end(signal);
    if (ending === child) await releaseDataFolder(dataDir);
  };
  const stop = () => end('SIGTERM');

  return {
    url: `nats://${connectHost(host)}:${port}`,
    port,
    get pid() {
      return child.pid;
    },
    stop,
    kill: (signal = 'SIGKILL') => end(signal),
    restart: async () => {
      await stop();
      child = await run(port);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Listening on every address is not an address to connect to. */
function connectHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
