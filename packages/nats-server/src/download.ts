import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { NatsServerError } from './errors.ts';
import { binaryName } from './projectCache.ts';
import { pinnedNatsServerVersion } from './version.ts';
import type { WayContext } from './wayToGet.ts';

const officialReleases = 'https://github.com/nats-io/nats-server/releases/download';

/** A network without a way out drops packets silently; the next way should not wait long for that. */
const answerTimeoutMs = 5_000;

/** About 7 MB: enough for a slow line, and an end for one that hangs. */
const downloadTimeoutMs = 180_000;

/**
 * The official release archive for this OS and CPU, checked against the digest in our source; where none
 * does (other systems than Linux), against the release's own SHA256SUMS, and that is said.
 *
 * @param releases where the releases lie, and @param digests what is pinned; tests have a server and digests of their own
 * @throws NatsServerError `NATS_SERVER_CHECKSUM_MISMATCH`
 */
export async function downloadRelease(
  context: WayContext,
  releases = officialReleases,
  digests = releaseDigests,
): Promise<string> {
  const { workDir, say } = context;
  const release = `${releases}/v${pinnedNatsServerVersion}`;
  say(`fetching nats-server ${pinnedNatsServerVersion} from ${release}`);
  const stem = `nats-server-v${pinnedNatsServerVersion}-${releasePlatform()}`;
  const names = [`${stem}.tar.gz`, `${stem}.zip`];
  const isPinned = names.some(name => digests.has(name));
  const sums = isPinned ? digests : parseSha256Sums(await (await request(`${release}/SHA256SUMS`)).text());
  const archive = names.find(name => sums.has(name));
  if (archive === undefined) throw new Error(`the release has no archive ${stem}`);

  const file = join(workDir, archive);
  const { body } = await request(`${release}/${archive}`);
  if (body === null) throw new Error(`${release}/${archive} is empty`);
  await pipeline(Readable.fromWeb(body), createWriteStream(file));
  const digest = await sha256(file);
  if (digest !== sums.get(archive)) {
    throw new NatsServerError(
      'NATS_SERVER_CHECKSUM_MISMATCH',
      `${archive} from ${release} has the SHA-256 ${digest}, but ${isPinned ? "Longhaul's source" : 'its SHA256SUMS'} says ${sums.get(archive)}. Nothing of it is used; find out what changed it (a proxy, a mirror) before trying again.`,
    );
  }
  say(
    isPinned
      ? `${archive}: SHA-256 is the one in our source; unpacking`
      : `${archive}: SHA-256 is as published beside it, none is pinned for this system; unpacking`,
  );
  // Windows, macOS and the BSDs have a tar that reads zip as well; Linux archives are .tar.gz.
  await execa('tar', ['-xf', archive], { cwd: workDir });
  return join(workDir, stem, binaryName);
}

async function request(url: string): Promise<Response> {
  const slow = new AbortController();
  const answer = setTimeout(
    () => slow.abort(new Error(`no answer in ${answerTimeoutMs} ms`)),
    answerTimeoutMs,
  );
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([slow.signal, AbortSignal.timeout(downloadTimeoutMs)]),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response;
  } catch (error) {
    throw new Error(url, { cause: error });
  } finally {
    clearTimeout(answer);
  }
}

/** Lines of `<digest>  <file>`, as sha256sum writes them. */
export function parseSha256Sums(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^([0-9a-f]{64}) [ *](\S+)$/gim)].map(([, digest = '', name = '']) => [
      name,
      digest.toLowerCase(),
    ]),
  );
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** OS and CPU as the releases spell them, such as `linux-amd64`. */
function releasePlatform(): string {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const cpus: Record<string, string> = { x64: 'amd64', ia32: '386', arm: 'arm7', ppc64: 'ppc64le' };
  return `${os}-${cpus[process.arch] ?? process.arch}`;
}

/**
 * The SHA-256 of the release archives of the pinned version, as they were published. What is downloaded has to be just
 * that: the sums beside an archive prove nothing where one attacker can replace both.
 *
 * To change with `pinnedNatsServerVersion`: a test compares the names.
 */
export const releaseDigests: ReadonlyMap<string, string> = new Map([
  [
    'nats-server-v2.15.1-linux-amd64.tar.gz',
    'bf5edc7b1ce98e885c368cb43a886eb148dc5d0551d99f3cf6141fb5e1954c70',
  ],
  [
    'nats-server-v2.15.1-linux-arm64.tar.gz',
    'e2fbab4cad7d3c76e3052eb959570393c9d73ba756b70bf8e9eea61e9ae6d49c',
  ],
  [
    'nats-server-v2.15.1-linux-arm6.tar.gz',
    'a8c76cf2e716745ea140636c02f89195fb209ccbd01be46d3d973acee7d8d2e7',
  ],
  [
    'nats-server-v2.15.1-linux-arm7.tar.gz',
    'ddac3887f9b0e17d657d1124bfd648d2f3d98b8b12a0918a0443eff079d2c238',
  ],
  [
    'nats-server-v2.15.1-linux-386.tar.gz',
    '9fde80807787a77e25d0143b0835b8a7de8b735e9ebe01fcbcf0205e00f7f06b',
  ],
  [
    'nats-server-v2.15.1-linux-ppc64le.tar.gz',
    '4918414d24b16c30e71352e362b2d89e9e47c557514cefb5d4c6f2523cfee73d',
  ],
  [
    'nats-server-v2.15.1-linux-s390x.tar.gz',
    '478644ef83c46f585f9714b05201b5596e718cdd55ef295fb31abef6a71b4646',
  ],
  [
    'nats-server-v2.15.1-linux-riscv64.tar.gz',
    '0c7f51bdf9712e2c69336722fca636a3b038181ff843390c00a4e287ad462086',
  ],
  [
    'nats-server-v2.15.1-linux-loong64.tar.gz',
    'c0875670e7a5fda318e4114cd549b39c77f3294ebb32f90f78c6e7c83635d8d9',
  ],
]);
