import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NatsServerError } from './errors.ts';
import { fakeNatsServer, fakeProgram, scratchFolder } from './fakePrograms.ts';
import { locateNatsServer } from './locate.ts';
import type { WayToGet } from './wayToGet.ts';

const neverAsked: WayToGet = {
  name: 'never',
  get: async () => {
    throw new Error('this way must not be asked');
  },
};

const delivers = (name: string, version: string): WayToGet => ({
  name,
  get: ({ workDir }) => fakeNatsServer(workDir, version),
});

const fails = (name: string, error: Error): WayToGet => ({
  name,
  get: () => Promise.reject(error),
});

test('NATS_SERVER_BIN comes before PATH, PATH before the cache, and nothing is fetched', async () => {
  await using folder = await scratchFolder();
  const bin = await fakeNatsServer(join(folder.path, 'bin'), '2.16.0');
  const onPath = await fakeNatsServer(join(folder.path, 'path'), '2.15.0');
  const cacheDir = join(folder.path, 'cache');
  const cached = await fakeNatsServer(cacheDir, '2.14.2');
  const PATH = `/bin:${join(folder.path, 'path')}`;
  const look = (env: NodeJS.ProcessEnv) => locateNatsServer({ cacheDir, env, ways: [neverAsked] });

  expect(await look({ NATS_SERVER_BIN: bin, PATH })).toEqual({
    path: bin,
    version: '2.16.0',
    source: 'NATS_SERVER_BIN',
  });
  expect(await look({ PATH })).toEqual({ path: onPath, version: '2.15.0', source: 'PATH' });
  expect(await look({ PATH: '/bin' })).toEqual({ path: cached, version: '2.14.2', source: 'cache' });
});

test('LONGHAUL_CACHE names the cache', async () => {
  await using folder = await scratchFolder();
  const cached = await fakeNatsServer(folder.path, '2.15.1');
  const located = await locateNatsServer({
    env: { PATH: '/bin', LONGHAUL_CACHE: folder.path },
    ways: [neverAsked],
  });
  expect(located).toEqual({ path: cached, version: '2.15.1', source: 'cache' });
});

test('an old NATS_SERVER_BIN is an error: it was asked for by name', async () => {
  await using folder = await scratchFolder();
  const bin = await fakeNatsServer(folder.path, '2.13.9');
  const located = locateNatsServer({ env: { NATS_SERVER_BIN: bin }, ways: [neverAsked] });
  await expect(located).rejects.toMatchObject({
    code: 'NATS_SERVER_TOO_OLD',
    message: expect.stringContaining('2.13.9; Longhaul needs 2.14.0 or newer'),
  });
});

test('a NATS_SERVER_BIN that is missing or another program is an error', async () => {
  await using folder = await scratchFolder();
  const other = await fakeProgram(folder.path, 'other', 'echo hello');
  for (const bin of [join(folder.path, 'missing'), other]) {
    const located = locateNatsServer({ env: { NATS_SERVER_BIN: bin }, ways: [neverAsked] });
    await expect(located).rejects.toMatchObject({ code: 'NATS_SERVER_NOT_RUNNABLE' });
  }
});

test('an old one on the PATH is passed over, and that is said', async () => {
  await using folder = await scratchFolder();
  const [old, recent] = [join(folder.path, 'old'), join(folder.path, 'recent')];
  await fakeNatsServer(old, '2.9.10');
  const expected = await fakeNatsServer(recent, '2.15.1');
  const said: string[] = [];
  const located = await locateNatsServer({
    cacheDir: join(folder.path, 'cache'),
    env: { PATH: `${old}:${recent}:/bin` },
    ways: [neverAsked],
    say: line => said.push(line),
  });
  expect(located.path).toBe(expected);
  expect(said).toEqual([expect.stringMatching(/passing over .*2\.9\.10/)]);
});

test('a cached file that does not run is replaced by the first way that delivers', async () => {
  await using folder = await scratchFolder();
  const cacheDir = join(folder.path, 'cache');
  await fakeProgram(cacheDir, 'nats-server', 'exit 126');
  const look = () =>
    locateNatsServer({
      cacheDir,
      env: { PATH: '/bin' },
      ways: [fails('first', new Error('offline')), delivers('second', '2.15.1'), neverAsked],
    });
  expect(await look()).toEqual({ path: join(cacheDir, 'nats-server'), version: '2.15.1', source: 'second' });
  expect(await look()).toMatchObject({ source: 'cache', version: '2.15.1' });
});

test('several at once leave one whole binary in the cache', async () => {
  await using folder = await scratchFolder();
  const cacheDir = join(folder.path, 'cache');
  const look = () => locateNatsServer({ cacheDir, env: { PATH: '/bin' }, ways: [delivers('way', '2.15.1')] });
  const located = await Promise.all([look(), look(), look(), look()]);
  expect(new Set(located.map(({ path }) => path))).toEqual(new Set([join(cacheDir, 'nats-server')]));
  expect(await readdir(cacheDir)).toEqual(['nats-server']);
});

test('a checksum that does not match ends the attempt: the next way is not asked', async () => {
  await using folder = await scratchFolder();
  const tampered = new NatsServerError('NATS_SERVER_CHECKSUM_MISMATCH', 'not what was published');
  const located = locateNatsServer({
    cacheDir: join(folder.path, 'cache'),
    env: { PATH: '/bin' },
    ways: [fails('first', tampered), delivers('second', '2.15.1')],
  });
  await expect(located).rejects.toBe(tampered);
  expect(await readdir(folder.path)).toEqual([]);
});

test('when no way delivers, the error lists each with its answer', async () => {
  await using folder = await scratchFolder();
  const located = locateNatsServer({
    cacheDir: join(folder.path, 'cache'),
    env: { PATH: '/bin' },
    ways: [
      fails('release', new Error('offline', { cause: new Error('no such host') })),
      delivers('distribution', '2.9.10'),
    ],
  });
  await expect(located).rejects.toMatchObject({
    code: 'NATS_SERVER_UNAVAILABLE',
    message: expect.stringMatching(
      /release: offline: no such host\n {2}distribution: .*2\.9\.10[\s\S]*NATS_SERVER_BIN[\s\S]*NATS_URL/,
    ),
  });
});
