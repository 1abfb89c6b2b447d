import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { ExecError, type ExecOptions, type ExecResult } from './execTypes.ts';

/** Options of a command that only Longhaul itself uses. */
export type CommandControl = {
  /** Ends the command and its whole process group with SIGKILL, at once. */
  readonly killNow: AbortSignal;
  /** Awaited before more output is read: so a command that writes faster than its lines are processed has to wait. */
  readonly room: () => Promise<void> | undefined;
};

const defaultMaxOutputChars = 1024 * 1024;
const defaultKillAfterMs = 2_000;
// Without this limit, a command that never ends its line would fill the executor's memory.
const maxLineChars = 64 * 1024;

/**
 * Runs a command in a process group of its own and streams its lines.
 *
 * On abort the whole group gets SIGTERM and, `killAfterMs` later, SIGKILL, so that the programs that a shell started end
 * as well. The promise settles only when the command is gone, and the rest of its group is killed then. After that nothing
 * of the task runs, except a process that left the group on purpose (`setsid`).
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  options: ExecOptions = {},
  control?: CommandControl,
): Promise<ExecResult> {
  const broken = new AbortController();
  const others = [options.signal, control?.killNow].filter(other => other !== undefined);
  const ending = AbortSignal.any([signal, broken.signal, ...others]);
  ending.throwIfAborted();
  const child = execa(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    // A group of its own, so that one signal reaches all its processes. Windows has no groups: there it reaches one.
    detached: process.platform !== 'win32',
    buffer: false,
    reject: false,
    encoding: 'utf8',
  });
  runningCommands.add(child);
  const stopWatching = endWithSignal(
    child,
    ending,
    options.killAfterMs ?? defaultKillAfterMs,
    control?.killNow,
  );
  const read = async (name: 'stdout' | 'stderr') => {
    const kept = keepBeginning(options.maxOutputChars ?? defaultMaxOutputChars);
    const lines = splitLines(line => {
      if (broken.signal.aborted) return;
      try {
        options.onLine?.(line, name);
      } catch (error) {
        broken.abort(error);
      }
    });
    await readText(child[name], text => {
      kept.add(text);
      lines.add(text);
      return control?.room();
    });
    lines.end();
    return kept;
  };
  try {
    const [result, stdout, stderr] = await Promise.all([child, read('stdout'), read('stderr')]);
    ending.throwIfAborted();
    if (result.exitCode === undefined && result.signal === undefined) throw failedToStart(command, result);
    return {
      exitCode: result.exitCode ?? 128 + (result.signal ? constants.signals[result.signal] : 0),
      stdout: stdout.text(),
      stderr: stderr.text(),
      truncated: stdout.truncated() || stderr.truncated(),
    };
  } finally {
    stopWatching();
    // The command is gone, but a process that it started may have ignored the SIGTERM or run in the background.
    if (process.platform !== 'win32') signalGroup(child, 'SIGKILL');
    runningCommands.delete(child);
  }
}

type Child = {
  readonly pid?: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  kill(signal: 'SIGTERM' | 'SIGKILL'): boolean;
};

const runningCommands = new Set<Child>();
// A process group of its own does not get the terminal's Ctrl-C: kill what is left when the executor's process exits.
process.once('exit', () => {
  for (const child of runningCommands) signalGroup(child, 'SIGKILL');
});

type FailedStart = {
  readonly code?: string | undefined;
  readonly cause?: unknown;
  readonly shortMessage?: string | undefined;
};

function failedToStart(command: string, result: FailedStart): ExecError {
  if (result.code === 'ENOENT') {
    return new ExecError(
      'COMMAND_NOT_FOUND',
      `There is no command "${command}" on the executor's PATH (or its working folder does not exist): install it or give its full path.`,
      { cause: result.cause },
    );
  }
  return new ExecError(
    'COMMAND_FAILED_TO_START',
    `"${command}" could not be started: ${result.shortMessage}`,
    { cause: result.cause },
  );
}

function endWithSignal(
  child: Child,
  signal: AbortSignal,
  killAfterMs: number,
  killNow: AbortSignal | undefined,
) {
  let timer: NodeJS.Timeout | undefined;
  const kill = () => {
    signalGroup(child, 'SIGKILL');
    // A process that left the group may still hold the pipes open, and would hold this promise with them.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const end = () => {
    signalGroup(child, 'SIGTERM');
    timer = setTimeout(kill, killAfterMs);
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  killNow?.addEventListener('abort', kill, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    killNow?.removeEventListener('abort', kill);
  };
}

function signalGroup(child: Child, name: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    child.kill(name);
    return;
  }
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    // The whole group has already ended. macOS reports EPERM for a group of zombies.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

async function readText(stream: Readable, take: (text: string) => Promise<void> | undefined): Promise<void> {
  stream.setEncoding('utf8');
  try {
    for await (const text of stream) await take(text as string);
  } catch (error) {
    // Destroyed by `endWithSignal`.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

/** Cuts a stream of text at `\n`, `\r\n` and `\r` (with which commands redraw a progress line). */
function splitLines(take: (line: string) => void) {
  let rest = '';
  let endedWithReturn = false;
  return {
    add(text: string) {
      const whole = rest + (endedWithReturn && text.startsWith('\n') ? text.slice(1) : text);
      endedWithReturn = text.endsWith('\r');
      const lines = whole.split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
      while (rest.length >= maxLineChars) {
        take(rest.slice(0, maxLineChars));
        rest = rest.slice(maxLineChars);
      }
    },
    end() {
      if (rest !== '') take(rest);
    },
  };
}

/** Keeps the beginning of a stream of text, up to a limit. */
function keepBeginning(limit: number) {
  const parts: string[] = [];
  let length = 0;
  let cut = false;
  return {
    add(text: string) {
      const part = text.slice(0, limit - length);
      cut ||= part.length < text.length;
      if (part === '') return;
      parts.push(part);
      length += part.length;
    },
    text: () => parts.join('').replaceAll(/\r\n?/g, '\n').replace(/\n$/, ''),
    truncated: () => cut,
  };
}
