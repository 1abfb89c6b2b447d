import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { downloadRelease } from './download.ts';
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
  const binary = await downloadRelease(work, server.url);
  expect(await readBinaryVersion(binary)).toBe(pinnedNatsServerVersion);
  expect(work.said).toEqual([
    expect.stringContaining(server.url),
    expect.stringContaining('SHA-256 is as published'),
  ]);
});

test('an archive that is not what SHA256SUMS says is not unpacked', async () => {
  await using folder = await scratchFolder();
  await using server = await releaseServer(await release(folder.path, () => 'a'.repeat(64)));
  await expect(downloadRelease(await context(folder.path), server.url)).rejects.toMatchObject({
    code: 'NATS_SERVER_CHECKSUM_MISMATCH',
    message: expect.stringContaining('a'.repeat(64)),
  });
});

test('a release without an archive for this machine, and one that is not there, pass on to the next way', async () => {
  await using folder = await scratchFolder();
  const files = new Map([[`/v${pinnedNatsServerVersion}/SHA256SUMS`, `${'0'.repeat(64)}  other.zip\n`]]);
  await using server = await releaseServer(files);
  const work = await context(folder.path);
  await expect(downloadRelease(work, server.url)).rejects.toThrow(/has no archive nats-server-v/);
  await expect(downloadRelease(work, `${server.url}/elsewhere`)).rejects.toMatchObject({
    message: expect.stringContaining('SHA256SUMS'),
    cause: expect.objectContaining({ message: 'HTTP 404' }),
  });
});
