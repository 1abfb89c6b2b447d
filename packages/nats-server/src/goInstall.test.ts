import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeProgram, scratchFolder } from './fakePrograms.ts';
import { goInstall } from './goInstall.ts';
import { pinnedNatsServerVersion, readBinaryVersion } from './version.ts';

/** `go env GOVERSION` answers; `go install <module>` does what the test says. */
async function withFakeGo(folder: string, install: string) {
  await fakeProgram(join(folder, 'go'), 'go', `if [ "$1" = env ]; then echo go1.99; exit 0; fi\n${install}`);
  const workDir = join(folder, 'work');
  await mkdir(workDir);
  const said: string[] = [];
  const env = { PATH: `${join(folder, 'go')}:/usr/bin:/bin` };
  return { workDir, env, say: (line: string) => void said.push(line), said };
}

test('the pinned version is compiled into the work folder', async () => {
  await using folder = await scratchFolder();
  const work = await withFakeGo(
    folder.path,
    `version="\${2#*@}"; printf '#!/bin/sh\\necho "nats-server: %s"\\n' "$version" > "$GOBIN/nats-server"; chmod +x "$GOBIN/nats-server"`,
  );
  expect(await readBinaryVersion(await goInstall(work))).toBe(pinnedNatsServerVersion);
  expect(work.said).toEqual([expect.stringContaining('go1.99')]);
});

test("a module that differs from Go's checksum database ends everything", async () => {
  await using folder = await scratchFolder();
  const work = await withFakeGo(folder.path, 'echo "verifying module: checksum mismatch" >&2; exit 1');
  await expect(goInstall(work)).rejects.toMatchObject({ code: 'NATS_SERVER_CHECKSUM_MISMATCH' });
});

test('no Go, and a Go that fails, pass on to the next way with the reason', async () => {
  await using folder = await scratchFolder();
  const work = await withFakeGo(folder.path, 'echo "go: downloading" >&2; echo "no such host" >&2; exit 1');
  await expect(goInstall(work)).rejects.toThrow('no such host');
  await expect(goInstall({ ...work, env: { PATH: folder.path } })).rejects.toThrow('no Go on this machine');
});
