import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { downloadRelease, releaseDigests } from './download.ts';
import { fakeNatsServer, scratchFolder } from './fakePrograms.ts';
import { pinnedNatsServerVersion, readBinaryVersion } from './version.ts';

/** Serves files by their path, as the release page does. */
async function releaseServer(
  files: Map<string, Buffer | string>,
): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    response.statusCode = file === undefined ? 404 : 200;
    response.end(file);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A release with one archive for this machine; `sumsOf` may falsify what is published about it. */
async function release(folder: string, sumsOf: (archive: Buffer) => string) {
  const cpu = process.arch === 'x64' ? 'amd64' : process.arch;
  const stem = `nats-server-v${pinnedNatsServerVersion}-${process.platform}-${cpu}`;
  await fakeNatsServer(join(folder, stem), pinnedNatsServerVersion);
  await execa('tar', ['-czf', `${stem}.tar.gz`, stem], { cwd: folder });
  const archive = await readFile(join(folder, `${stem}.tar.gz`));
  const base = `/v${pinnedNatsServerVersion}`;
  return new Map<string, Buffer | string>([
    [`${base}/SHA256SUMS`, `${'0'.repeat(64)}  other.zip\n${sumsOf(archive)}  ${stem}.tar.gz\n`],
    [`${base}/${stem}.tar.gz`, archive],
  ]);
}

/** Nothing is pinned: as on a system that has no digest in the source. */
const none = new Map<string, string>();
const digestOf = (data: Buffer) => createHash('sha256').update(data).digest('hex');

async function context(folder: string) {
  const workDir = join(folder, 'work');
  await mkdir(workDir);
  const said: string[] = [];
  return { workDir, env: {}, say: (line: string) => void said.push(line), said };
}

test('the archive for this machine is checked, unpacked and runs', async () => {
  await using folder = await scratchFolder();
  await using server = await releaseServer(await release(folder.path, digestOf));
  const work = await context(folder.path);
  const binary = await downloadRelease(work, server.url, none);
  expect(await readBinaryVersion(binary)).toBe(pinnedNatsServerVersion);
  expect(work.said).toEqual([
    expect.stringContaining(server.url),
    expect.stringContaining('SHA-256 is as published'),
  ]);
});

test('an archive that is not what SHA256SUMS says is not unpacked', async () => {
  await using folder = await scratchFolder();
  await using server = await releaseServer(await release(folder.path, () => 'a'.repeat(64)));
  await expect(downloadRelease(await context(folder.path), server.url, none)).rejects.toMatchObject({
    code: 'NATS_SERVER_CHECKSUM_MISMATCH',
    message: expect.stringContaining('a'.repeat(64)),
  });
});

test('a release without an archive for this machine, and one that is not there, pass on to the next way', async () => {
  await using folder = await scratchFolder();
  const files = new Map([[`/v${pinnedNatsServerVersion}/SHA256SUMS`, `${'0'.repeat(64)}  other.zip\n`]]);
  await using server = await releaseServer(files);
  const work = await context(folder.path);
  await expect(downloadRelease(work, server.url, none)).rejects.toThrow(/has no archive nats-server-v/);
  await expect(downloadRelease(work, `${server.url}/elsewhere`, none)).rejects.toMatchObject({
    message: expect.stringContaining('SHA256SUMS'),
    cause: expect.objectContaining({ message: 'HTTP 404' }),
  });
});

test("nats-server's digest is pinned in the source: an archive that only its SHA256SUMS knows is refused", async () => {
  await using folder = await scratchFolder();
  // Who replaced the archive replaced the sums as well.
  const files = await release(folder.path, digestOf);
  await using server = await releaseServer(files);
  const [path = ''] = [...files.keys()].filter(name => name.endsWith('.tar.gz'));
  const archive = path.split('/').at(-1) ?? '';
  const pinned = new Map([[archive, 'b'.repeat(64)]]);
  await expect(downloadRelease(await context(folder.path), server.url, pinned)).rejects.toMatchObject({
    code: 'NATS_SERVER_CHECKSUM_MISMATCH',
    message: expect.stringMatching(/Longhaul's source says b{64}/),
  });
});

test('an archive that is the pinned one is taken without its SHA256SUMS', async () => {
  await using folder = await scratchFolder();
  const files = await release(folder.path, () => 'a'.repeat(64));
  await using server = await releaseServer(files);
  const [[path = '', archive = ''] = []] = [...files].filter(([name]) => name.endsWith('.tar.gz'));
  const pinned = new Map([[path.split('/').at(-1) ?? '', digestOf(Buffer.from(archive))]]);
  const work = await context(folder.path);
  expect(await readBinaryVersion(await downloadRelease(work, server.url, pinned))).toBe(
    pinnedNatsServerVersion,
  );
  expect(work.said.at(-1)).toMatch(/the one in our source/);
});

test('the pinned digests are those of the pinned version, for each CPU of Linux that Node.js runs on', () => {
  for (const [name, digest] of releaseDigests) {
    expect(name).toMatch(
      new RegExp(`^nats-server-v${pinnedNatsServerVersion.replaceAll('.', '\\.')}-linux-`),
    );
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
  }
  expect(new Set(releaseDigests.values()).size).toBe(releaseDigests.size);
  for (const cpu of ['amd64', 'arm64', 'arm7', '386', 'ppc64le', 's390x', 'riscv64', 'loong64'])
    expect([...releaseDigests.keys()]).toContain(
      `nats-server-v${pinnedNatsServerVersion}-linux-${cpu}.tar.gz`,
    );
});
