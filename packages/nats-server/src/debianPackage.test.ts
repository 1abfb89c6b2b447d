import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { getDebianPackage } from './debianPackage.ts';
import { fakeProgram, scratchFolder } from './fakePrograms.ts';
import { readBinaryVersion } from './version.ts';

/** Unpacks nothing, but leaves a program where Debian's package has it. */
const dpkgDeb = `mkdir -p "$3/usr/sbin"; printf '#!/bin/sh\\necho "nats-server: v2.15.1"\\n' > "$3/usr/sbin/nats-server"; chmod +x "$3/usr/sbin/nats-server"`;

/** A Debian 12 machine of files, with an apt-get that writes its calls down and does what the test says. */
async function debian(folder: string, aptGet: string) {
  const etc = join(folder, 'etc');
  await mkdir(join(etc, 'apt'), { recursive: true });
  await writeFile(join(etc, 'os-release'), 'ID=debian\nVERSION_CODENAME=bookworm\n');
  await writeFile(join(etc, 'apt/sources.list'), 'deb http://mirror.example/debian bookworm main\n');
  const bin = join(folder, 'bin');
  const calls = join(folder, 'calls');
  await fakeProgram(bin, 'apt-get', `echo "$*" >> ${calls}\nfor command; do :; done\n${aptGet}`);
  await fakeProgram(bin, 'dpkg-deb', dpkgDeb);
  const workDir = join(folder, 'work');
  await mkdir(workDir);
  const said: string[] = [];
  return {
    etc,
    said,
    calls: async () => (await readFile(calls, 'utf8')).trim().split('\n'),
    context: { workDir, env: { PATH: `${bin}:/usr/bin:/bin` }, say: (line: string) => void said.push(line) },
  };
}

const downloads = 'if [ "$command" = nats-server ]; then touch nats-server_2.15.1_amd64.deb; fi';

test("the package comes from the machine's own mirror, and apt works in the private folder only", async () => {
  await using folder = await scratchFolder();
  const machine = await debian(folder.path, downloads);
  const binary = await getDebianPackage(machine.context, machine.etc);
  expect(await readBinaryVersion(binary)).toBe('2.15.1');
  const suiteFolder = join(machine.context.workDir, 'testing');
  expect(await readFile(join(suiteFolder, 'longhaul.sources'), 'utf8')).toBe(
    'Types: deb\nURIs: http://mirror.example/debian\nSuites: testing\nComponents: main\n',
  );
  const calls = await machine.calls();
  expect(calls).toHaveLength(2);
  for (const call of calls) {
    expect(call).toContain(`Dir::State=${suiteFolder} `);
    expect(call).toContain(`Dir::Cache=${suiteFolder} `);
    expect(call).not.toContain('Check-Valid-Until');
  }
});

test('an index past its date is taken with a word about it, and only then', async () => {
  await using folder = await scratchFolder();
  const machine = await debian(
    folder.path,
    `case "$*" in *Check-Valid-Until=false*) ;; *) echo "E: Release file for http://mirror.example is expired (invalid since 3d)." >&2; exit 100;; esac\n${downloads}`,
  );
  await getDebianPackage(machine.context, machine.etc);
  expect(machine.said).toContainEqual(expect.stringContaining('past its Valid-Until date'));
  expect(await machine.calls()).toHaveLength(3);
});

test('a hash that does not match ends everything, without a second suite', async () => {
  await using folder = await scratchFolder();
  const machine = await debian(folder.path, 'echo "E: Failed to fetch x  Hash Sum mismatch" >&2; exit 100');
  await expect(getDebianPackage(machine.context, machine.etc)).rejects.toMatchObject({
    code: 'NATS_SERVER_CHECKSUM_MISMATCH',
  });
  expect(await machine.calls()).toHaveLength(1);
});

test('a mirror that has neither suite: both answers', async () => {
  await using folder = await scratchFolder();
  const machine = await debian(folder.path, 'echo "E: 404  Not Found" >&2; exit 100');
  await expect(getDebianPackage(machine.context, machine.etc)).rejects.toThrow(
    /testing: apt-get update: E: 404.*; unstable: apt-get update: E: 404/,
  );
});

test('another system says so', async () => {
  await using folder = await scratchFolder();
  const machine = await debian(folder.path, downloads);
  await writeFile(join(machine.etc, 'os-release'), 'ID=ubuntu\nID_LIKE=debian\n');
  await expect(getDebianPackage(machine.context, machine.etc)).rejects.toThrow('does not run Debian');
});
