import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { basename } from 'node:path';

/** A service of this repository as a child process. */
export type RunningService = {
  /** What it said of itself when it was ready. */
  readonly ready: Record<string, unknown>;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  /** Asks it to end in good order and waits for that. */
  readonly stop: () => Promise<void>;
};

/** After a request to end, a service that does not is killed. */
const killAfterMs = 40_000;

/**
 * Starts a service and waits until it is ready. It gets a process group of its own, so that a Ctrl-C in the terminal
 * reaches it once, through us, and in the right order.
 *
 * @throws Error with the end of its log, when it ends before it is ready
 */
export async function startService(
  script: string,
  logFile: string,
  env: NodeJS.ProcessEnv,
): Promise<RunningService> {
  const child = fork(script, [], { env, detached: process.platform !== 'win32', silent: true });
  const name = basename(logFile, '.log');
  const log = createWriteStream(logFile, { flags: 'a' });
  const lastLines: string[] = [];
  const keep = (chunk: Buffer) => {
    log.write(chunk);
    lastLines.push(...chunk.toString('utf8').split('\n').filter(Boolean));
    lastLines.splice(0, lastLines.length - 20);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = new Promise<string>(resolve => {
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
  });
  const ready = await Promise.race([firstMessage(child), ended]);
  if (typeof ready === 'string') throw new Error(`${name} could not start: ${explain(lastLines)}`);
  return {
    ready,
    ended,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

function firstMessage(child: ChildProcess): Promise<Record<string, unknown>> {
  return new Promise(resolve => {
    child.once('message', message => resolve((message as { ready: Record<string, unknown> }).ready));
  });
}

/** The message of the last log line, or what was written instead of a log. */
function explain(lines: readonly string[]): string {
  const last = lines.at(-1) ?? 'it said nothing';
  try {
    return String((JSON.parse(last) as { msg?: unknown }).msg ?? last);
  } catch {
    return lines.join('\n');
  }
}

/** How often in a row a service may end by itself before everything is stopped. */
const restartsAllowed = 5;
/** A service that ran for so long has earned a new count. */
const soundAfterMs = 60_000;

/** Keeps one service running: starts another when it ends by itself, as a platform would. */
export async function supervise(
  name: string,
  start: () => ReturnType<typeof startService>,
  say: (line: string) => void,
  onGiveUp: (why: string) => void,
): Promise<{ readonly ready: Record<string, unknown>; readonly stop: () => Promise<void> }> {
  let current: RunningService = await start();
  let stopping = false;
  const { ready } = current;
  const watch = async () => {
    let failures = 0;
    for (;;) {
      const sinceMs = Date.now();
      const how = await current.ended;
      if (stopping) return;
      failures = Date.now() - sinceMs > soundAfterMs ? 1 : failures + 1;
      if (failures > restartsAllowed) {
        onGiveUp(`the ${name} ended ${failures} times in a row`);
        return;
      }
      say(`The ${name} ended (${how}); starting another. Its work continues there.`);
      current = await start();
    }
  };
  watch().catch((error: unknown) => onGiveUp(error instanceof Error ? error.message : String(error)));
  return {
    ready,
    stop: async () => {
      stopping = true;
      await current.stop();
    },
  };
}
