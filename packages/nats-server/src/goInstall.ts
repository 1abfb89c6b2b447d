import { join } from 'node:path';
import { execa } from 'execa';
import { NatsServerError } from './errors.ts';
import { binaryName } from './projectCache.ts';
import { pinnedNatsServerVersion } from './version.ts';
import type { WayContext } from './wayToGet.ts';

const module = `github.com/nats-io/nats-server/v2@v${pinnedNatsServerVersion}`;

/** Fetching and compiling takes half a minute on two cores; a proxy that hangs must end some day. */
const installTimeoutMs = 300_000;

/**
 * Compiles it with the Go that is installed. Go checks each module against its checksum database.
 *
 * @throws NatsServerError `NATS_SERVER_CHECKSUM_MISMATCH`
 */
export async function goInstall({ workDir, env, say }: WayContext): Promise<string> {
  const go = { env, extendEnv: false, reject: false, stripFinalNewline: true } as const;
  const found = await execa('go', ['env', 'GOVERSION'], { ...go, timeout: 10_000 });
  if (found.failed) throw new Error('there is no Go on this machine');
  say(`compiling nats-server ${pinnedNatsServerVersion} with ${found.stdout} (half a minute, once)`);
  const installed = await execa('go', ['install', module], {
    ...go,
    // GOBIN refuses cross-compiling, and a GOFLAGS=-mod=vendor of another project would break the build.
    env: { ...env, GOBIN: workDir, GOFLAGS: '', GOOS: '', GOARCH: '', CGO_ENABLED: '0' },
    timeout: installTimeoutMs,
  });
  if (/SECURITY ERROR|checksum mismatch/i.test(installed.stderr)) {
    throw new NatsServerError(
      'NATS_SERVER_CHECKSUM_MISMATCH',
      `go refuses ${module}: it differs from Go's checksum database.\n${installed.stderr}`,
    );
  }
  if (installed.failed) throw new Error(lastLine(installed.stderr) ?? installed.shortMessage);
  return join(workDir, binaryName);
}

function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1) || undefined;
}
