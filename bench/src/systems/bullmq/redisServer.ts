import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** There is no Redis to measure against. */
export class RedisMissingError extends Error {
  override readonly name = 'RedisMissingError';
  readonly code = 'REDIS_MISSING';
}

/** A redis-server that this process runs. */
export type RedisServer = { readonly url: string; readonly pid: number; readonly stop: () => Promise<void> };

/** The last lines of its log that a failed start shows. */
const shownLines = 15;

/**
 * The version of the redis-server on the PATH.
 * @throws RedisMissingError saying how to install it
 */
export async function redisVersion(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('redis-server', ['--version']);
    return /v=(\S+)/.exec(stdout)?.[1] ?? stdout.trim();
  } catch (cause) {
    throw new RedisMissingError(
      'redis-server is not on the PATH, and the comparison needs it. Install it (Debian: apt-get install redis-server; macOS: brew install redis); a service that the package starts is not used and may be stopped.',
      { cause },
    );
  }
}

/**
 * Starts a redis-server of our own on a free port, its data appended to a file in `dataDir` and synced each second.
 * Resolves when it takes connections.
 */
export async function startRedisServer(dataDir: string): Promise<RedisServer> {
  await redisVersion();
  const port = await freePort();
  const options = {
    bind: '127.0.0.1',
    port,
    dir: dataDir,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    daemonize: 'no',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  // A shell between us and Redis ends it when our end of the pipe is gone, even if we are killed.
  const guarded =
    'redis-server "$@" & server=$!; echo "pid $server"; read -r word; kill "$server"; wait "$server"';
  const guard = spawn('/bin/sh', ['-c', guarded, 'bench-redis', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const exited = once(guard, 'exit');
  guard.stdin.on('error', () => {});
  const stop = async () => {
    guard.stdin.end('stop\n');
    await exited;
  };
  const lines: string[] = [];
  let pid = 0;
  const log = createInterface({ input: guard.stdout });
  const ready = new Promise<boolean>(resolve => {
    log.on('line', line => {
      lines.push(line);
      const announced = /^pid (\d+)$/.exec(line);
      if (announced) pid = Number(announced[1]);
      if (line.includes('Ready to accept connections')) resolve(true);
      if (/Failed listening|Fatal|can't open/i.test(line)) resolve(false);
    });
  });
  if (!(await ready)) {
    await stop();
    throw new Error(`redis-server did not start:\n${lines.slice(-shownLines).join('\n')}`);
  }
  lines.length = 0;
  log.removeAllListeners('line');
  guard.stdout.resume();
  return { url: `redis://127.0.0.1:${port}`, pid, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('No free port was found.');
  return address.port;
}
