import { spawn } from 'node:child_process';

/** Reads one line: "released" ends it quietly; end of file means that the owner is gone, so end the server. */
const script = 'read -r word || kill -TERM "$1" 2>/dev/null';

/**
 * Ends `serverPid` when this process ends, however it ends. An `exit` handler does not run after SIGKILL or a
 * crash of the engine, and signal handlers would compete with those of the program; the end of a pipe always
 * arrives. The guard leads a process group of its own, so Ctrl-C in a terminal reaches neither it nor the server:
 * the program stops the server itself, last.
 *
 * @returns a function that dismisses the guard (call it when the server has ended).
 */
export function guardAgainstOrphan(serverPid: number): () => void {
  if (process.platform === 'win32') return endOnExit(serverPid);
  const guard = spawn('/bin/sh', ['-c', script, 'longhaul-nats-guard', String(serverPid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  // Without a shell (a minimal image) the exit handler is all there is.
  let dismissFallback: (() => void) | undefined;
  guard.once('error', () => {
    dismissFallback = endOnExit(serverPid);
  });
  guard.stdin.on('error', () => {});
  return () => {
    dismissFallback?.();
    guard.stdin.end('released\n');
  };
}

function endOnExit(serverPid: number): () => void {
  const end = () => {
    try {
      process.kill(serverPid);
    } catch {
      // It has ended already: that is what was wanted.
    }
  };
  process.once('exit', end);
  return () => process.off('exit', end);
}
