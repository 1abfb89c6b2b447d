import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { NatsServerError } from './errors.ts';
import { guardAgainstOrphan } from './orphanGuard.ts';

/** Replaying large streams from disk takes a while; a server silent for longer than this is stuck. */
const startTimeoutMs = 60_000;

/** A server that does not end by itself within this time after SIGTERM is ended by force. */
const stopTimeoutMs = 10_000;

/** One run of the nats-server program, from ready to ended. */
export interface ServerChild {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the process has ended, for whatever reason. Never rejects. */
  readonly ended: Promise<void>;
  /** Sends the signal and waits for the end. Nothing happens when it has ended already. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Starts the program and resolves once it says that it is ready. It leads a process group of its own (Ctrl-C in
 * a terminal must not end it before the services that drain through it) and a guard ends it with this process.
 *
 * @throws NatsServerError `NATS_SERVER_START_FAILED` with the last lines of its log.
 */
export async function spawnServer(binary: string, args: string[]): Promise<ServerChild> {
  const log = new LogRing();
  const child = spawn(binary, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    windowsHide: true,
  });
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stderr });
  lines.on('line', line => log.add(line));
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new NatsServerError('NATS_SERVER_START_FAILED', `cannot run ${binary}`, { cause: error });
  }
  const pid = child.pid as number;
  const dismissGuard = guardAgainstOrphan(pid);
  void ended.then(dismissGuard);
  const end = (signal: NodeJS.Signals) => endChild(child, ended, signal);
  try {
    return { pid, port: await ready(lines, child, log), ended, end };
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
}

/** The client port, once the log has named it and then said that the server is ready. */
function ready(
  lines: ReturnType<typeof createInterface>,
  child: ChildProcess,
  log: LogRing,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let port: number | undefined;
    const fail = (what: string) => {
      finish();
      reject(new NatsServerError('NATS_SERVER_START_FAILED', `${what}. Its last lines:\n${log.tail(15)}`));
    };
    const onLine = (line: string) => {
      const listening = /Listening for client connections on .*:(\d+)\s*$/.exec(line);
      if (listening) port = Number(listening[1]);
      if (port !== undefined && /Server is ready/.test(line)) {
        finish();
        resolve(port);
      }
    };
    // 'close' and not 'exit': by then its last words have been read.
    const onClose = (code: number | null, signal: string | null) =>
      fail(`nats-server ended while it was starting (${signal ?? `exit code ${code}`})`);
    const timer = setTimeout(
      () => fail(`nats-server was not ready after ${startTimeoutMs} ms`),
      startTimeoutMs,
    );
    const finish = () => {
      clearTimeout(timer);
      lines.off('line', onLine);
      child.off('close', onClose);
    };
    lines.on('line', onLine);
    child.once('close', onClose);
  });
}

async function endChild(child: ChildProcess, ended: Promise<void>, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  const byForce = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await ended;
  clearTimeout(byForce);
}

/** How many of a server's last lines are kept for error messages; a chatty server must not fill memory. */
const keptLines = 200;

/** The last lines that a server wrote. */
export class LogRing {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
  }

  /** The last `count` lines, oldest first, indented for an error message. */
  tail(count: number): string {
    const lines = this.#lines.slice(-count);
    return lines.length === 0 ? '  (it wrote nothing)' : lines.map(line => `  ${line}`).join('\n');
  }
}
