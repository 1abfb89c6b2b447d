// Builds an image that holds nothing but the nats-server of this machine, for the container path of the tests where
// no registry can be reached. As a script it prints the tag: `LONGHAUL_NATS_IMAGE=$(node packages/testkit/src/natsImage.ts)`.

import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { locateNatsServer } from '@longhaul/nats-server';

const exec = promisify(execFile);
const zoneinfo = '/usr/share/zoneinfo';

const dockerfile = `FROM scratch
COPY rootfs/ /
EXPOSE 4222
ENTRYPOINT ["/nats-server"]
`;

/**
 * Builds the image with the local Docker engine and returns its tag, such as `longhaul-nats:2.15.1`.
 *
 * @param say gets a line about what is being done.
 * @throws Error when this is not Linux (the binary would not run in the container) or `docker build` fails.
 */
export async function buildNatsImage(say: (line: string) => void): Promise<string> {
  if (process.platform !== 'linux') {
    throw new Error(
      'a local image needs a Linux binary: use the official image here (unset LONGHAUL_NATS_IMAGE)',
    );
  }
  const { path: binary, version } = await locateNatsServer({ say });
  const tag = `longhaul-nats:${version}`;
  const context = await mkdtemp(join(tmpdir(), 'longhaul-nats-image-'));
  try {
    const rootfs = join(context, 'rootfs');
    // JetStream keeps its files there unless configured otherwise.
    await mkdir(join(rootfs, 'tmp'), { recursive: true });
    await copyFile(binary, join(rootfs, 'nats-server'));
    for (const library of await sharedLibraries(binary)) {
      await mkdir(join(rootfs, dirname(library)), { recursive: true });
      await copyFile(library, join(rootfs, library));
    }
    // Schedules name time zones, which the server looks up where every Linux keeps them.
    await cp(zoneinfo, join(rootfs, zoneinfo), { recursive: true, dereference: true });
    await writeFile(join(context, 'Dockerfile'), dockerfile);
    say(`building ${tag} from ${binary}`);
    // The classic builder: BuildKit is a plugin of its own, which distributions do not install with Docker.
    await exec('docker', ['build', '--tag', tag, context], { env: { ...process.env, DOCKER_BUILDKIT: '0' } });
    return tag;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Paths of what the program is linked with, its loader included; none for a static one. */
async function sharedLibraries(binary: string): Promise<string[]> {
  const listed = await exec('ldd', [binary]).catch((error: unknown) => {
    const said = String((error as { stderr?: unknown }).stderr ?? '');
    // glibc's ldd and musl's say so in different words, both with a failure.
    if (/not a (valid )?dynamic/i.test(said)) return { stdout: '' };
    throw error;
  });
  return parseLdd(listed.stdout);
}

/** Paths in the output of ldd: `libc.so.6 => /lib/libc.so.6 (0x…)` and `/lib64/ld-linux.so.2 (0x…)`. */
export function parseLdd(output: string): string[] {
  return [...output.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path = '']) => path);
}

if (import.meta.main) console.log(await buildNatsImage(console.error));
