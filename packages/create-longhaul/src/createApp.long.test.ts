import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createClient } from '@longhaul/client';
import { deadlineMs, within } from '@longhaul/testing';
import { spawn as spawnInTerminal } from '@lydell/node-pty';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { contract } from '../template/src/contract.ts';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const bin = fileURLToPath(new URL('bin.ts', import.meta.url));
const cli = fileURLToPath(new URL('../../cli/src/bin.ts', import.meta.url));
const run = promisify(execFile);
const require = createRequire(import.meta.url);
const program = (name: string, file: string) => join(require.resolve(`${name}/package.json`), '..', file);

/** Without what vitest tells its own processes, and what npm tells those that it starts. */
const inherited = Object.entries(process.env).filter(
  ([name]) => !/^(VITEST|NODE_ENV|TEST$|npm_|LONGHAUL_(URL|API_KEY|PROFILE)|NATS_URL|PORT$|HOST$)/.test(name),
);
// The tests of the app that is made start a nats-server of their own, whatever those of this repository run on.
const env = { ...Object.fromEntries(inherited), LONGHAUL_TEST_NATS: 'binary' };

let folder: string;
beforeEach(async () => {
  // Below this package, so that what the app imports is found.
  const parent = join(packageFolder, '.longhaul');
  await mkdir(parent, { recursive: true });
  folder = await mkdtemp(join(parent, 'app-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

// Its types are checked with all others (tsconfig.json), and against the packed packages by the outside test.
test('the app that is made: its tests pass, its page is built, it runs, and its client is answered', {
  timeout: 12 * deadlineMs,
}, async () => {
  const app = join(folder, 'My App');
  const made = await run(process.execPath, [bin, app, '--no-install'], { env });
  expect(made.stdout).toMatch(/Made my-app.*npm install.*npm run dev/s);
  const manifest = JSON.parse(await readFile(join(app, 'package.json'), 'utf8')) as {
    name: string;
    dependencies: Record<string, string>;
  };
  expect(manifest.name).toBe('my-app');
  expect(manifest.dependencies.longhaul).toMatch(/^\^\d+\.\d+\.\d+/);
  expect(await readdir(app)).toEqual(
    expect.arrayContaining(['.gitignore', '.dockerignore', 'Dockerfile', 'web']),
  );

  // In this repository the packages are sources, which vitest loads as its own tests are: so with the same setting.
  const settings = "{ test: { include: ['src/**/*.test.ts'], deps: { interopDefault: false } } }";
  await writeFile(join(app, 'vitest.config.ts'), `export default ${settings};\n`);
  await run(process.execPath, [program('vitest', 'vitest.mjs'), 'run'], { cwd: app, env });
  await run(process.execPath, [program('vite', 'bin/vite.js'), 'build'], { cwd: app, env });
  expect(await readdir(join(app, 'dist/page'))).toContain('index.html');

  const dev = execFile(process.execPath, [cli, 'dev', '--port', '0', '--no-console'], { cwd: app, env });
  try {
    let said = '';
    const ready = new Promise<string>(resolve =>
      dev.stdout?.on('data', (text: string) => {
        said += text;
        if (/^Ready\./m.test(said)) resolve(/^gateway {3}(http:\S+)/m.exec(said)?.[1] ?? '');
      }),
    );
    const url = await within('the start of longhaul dev', ready, 2 * deadlineMs);
    const answered = await run(process.execPath, ['src/client.ts', 'Tea'], {
      cwd: app,
      env: { ...env, LONGHAUL_URL: url },
    });
    expect(answered.stdout).toMatch(/Writing section 3.*# Tea.*words/s);
    const client = createClient<typeof contract>({ url });
    const task = await client.report.build.start({ title: 'long', sections: 50 });
    await task.cancel();
    expect((await task.outcome()).status).toBe('CANCELED');
  } finally {
    const ended = new Promise(resolve => dev.once('close', resolve));
    dev.kill('SIGTERM');
    await within('the end of longhaul dev', ended, 2 * deadlineMs);
  }
});

test('nothing is written over', { timeout: 2 * deadlineMs }, async () => {
  await writeFile(join(folder, 'mine.txt'), 'mine');
  const refused = run(process.execPath, [bin, folder, '--no-install'], { env });
  await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('is not empty') });
  expect(await readdir(folder)).toEqual(['mine.txt']);
  const unknown = run(process.execPath, [bin, folder, '--nonsense'], { env });
  await expect(unknown).rejects.toMatchObject({ code: 2 });
  const nowhere = run(process.execPath, [bin], { env });
  await expect(nowhere).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Name the folder'),
  });
});

test('a terminal is asked for the folder', { timeout: 2 * deadlineMs }, async () => {
  const terminal = spawnInTerminal(process.execPath, [bin, '--no-install'], {
    cols: 80,
    rows: 24,
    cwd: folder,
    env,
  });
  let drawn = '';
  const asked = new Promise<void>(resolve =>
    terminal.onData(data => {
      drawn += data;
      if (drawn.includes('Where is the app to be?')) resolve();
    }),
  );
  const ended = new Promise<number>(resolve => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  await within('the question', asked);
  terminal.write('shop\r');
  expect(await within('its end', ended)).toBe(0);
  expect(await readdir(join(folder, 'shop'))).toContain('package.json');
});
