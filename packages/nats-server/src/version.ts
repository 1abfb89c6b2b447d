import { execa } from 'execa';
import { NatsServerError } from './errors.ts';

/** Message schedules with cron, per-message TTLs and paused consumers came with this version. */
export const minimumNatsServerVersion = '2.14.0';

/** The version that is fetched when the machine has none (release archive and `go install`). */
export const pinnedNatsServerVersion = '2.15.1';

/** Reads the version out of `nats-server: v2.15.1`; undefined when the text is something else. */
export function parseVersion(text: string): string | undefined {
  return /^nats-server: v?(\d+\.\d+\.\d+\S*)/m.exec(text)?.[1];
}

/** Whether `version` may be used. A pre-release of the minimum (`2.14.0-RC.1`) is older than it. */
export function isRecentEnough(version: string): boolean {
  const [core = '', ...preRelease] = version.split('-');
  const have = core.split('.').map(Number);
  const need = minimumNatsServerVersion.split('.').map(Number);
  for (let i = 0; i < need.length; i++) {
    const difference = (have[i] ?? 0) - (need[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return preRelease.length === 0;
}

/**
 * Asks a binary for its version.
 *
 * @throws NatsServerError `NATS_SERVER_NOT_RUNNABLE` when it does not run here or is not a nats-server.
 */
export async function readBinaryVersion(path: string): Promise<string> {
  const said = await execa(path, ['--version'], { timeout: 10_000 }).catch((error: unknown) => {
    throw new NatsServerError('NATS_SERVER_NOT_RUNNABLE', `${path} does not run`, {
      cause: error,
    });
  });
  const version = parseVersion(said.stdout);
  if (version === undefined) {
    throw new NatsServerError(
      'NATS_SERVER_NOT_RUNNABLE',
      `${path} is not a nats-server: --version answered "${said.stdout.slice(0, 80)}"`,
    );
  }
  return version;
}
