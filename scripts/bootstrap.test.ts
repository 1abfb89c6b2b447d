import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';

/** What pnpm would leave behind, as far as the bootstrap looks: a Node. */
const installs = 'mkdir -p node_modules/node/bin && ln -sf "$REAL_NODE" node_modules/node/bin/node';

/** A repository with the real bootstrap and a target, on a machine whose npx does what the test says. */
async function repository(npx: string) {
  const root = await mkdtemp(join(tmpdir(), 'longhaul-bootstrap-'));
  const bin = join(root, 'bin');
  const calls = join(root, 'calls');
  for (const folder of ['bin', 'scripts', 'packages/one', 'packages/one/node_modules']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await copyFile(new URL('./bootstrap.mjs', import.meta.url), join(root, 'scripts/bootstrap.mjs'));
  await writeFile(join(root, 'package.json'), '{}');
  await writeFile(join(root, 'packages/one/package.json'), '{}');
  await writeFile(join(root, 'pnpm-lock.yaml'), 'lock: 1\n');
  await writeFile(join(root, 'pnpm-workspace.yaml'), 'catalog:\n  node: 24.21.0\n');
  await writeFile(
    join(root, 'scripts/target.ts'),
    `const answers: Record<string, () => void> = {
      code: () => { process.exitCode = Number(process.argv[3]); },
      wait: () => {
        let interrupts = 0;
        process.on('SIGINT', () => console.log(\`interrupt \${++interrupts}\`));
        process.on('SIGTERM', () => process.exit(7));
        setInterval(() => {}, 60_000);
      },
    };
    answers[process.argv[2] ?? '']?.();
    // Last: a reader of it may send a signal at once.
    console.log(\`target \${process.argv.slice(2).join(' ')}\`);`,
  );
  await writeFile(join(bin, 'npx'), `#!/bin/sh\necho "$*" >> "${calls}"\n${npx}\n`);
  await chmod(join(bin, 'npx'), 0o755);

  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, ['scripts/bootstrap.mjs', 'scripts/target.ts', ...args], {
      cwd: root,
      env: { PATH: `${bin}:/usr/bin:/bin`, REAL_NODE: process.execPath },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  return {
    path: (name: string) => join(root, name),
    calls: async () => (await readFile(calls, 'utf8').catch(() => '')).split('\n').filter(Boolean),
    start,
    run: async (...args: string[]) => {
      const child = start(...args);
      const output: string[] = [];
      child.stdout?.on('data', chunk => output.push(String(chunk)));
      child.stderr?.on('data', chunk => output.push(String(chunk)));
      const [code, signal] = await once(child, 'close');
      return { code, signal, output: output.join('') };
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** The lines that a process writes, one at a time. */
function linesOf(child: ChildProcess): () => Promise<string> {
  if (child.stdout === null) throw new Error('its output is not piped');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => String((await lines.next()).value);
}

test('the first run installs, the next one only runs the target; arguments and exit code pass through', async () => {
  await using repo = await repository(installs);
  const first = await repo.run('code', '3');
  expect(first).toMatchObject({ code: 3, output: expect.stringContaining('target code 3') });
  expect(await repo.calls()).toEqual([
    expect.stringMatching(/^-y pnpm@\S+ install --frozen-lockfile .*24\.21\.0$/),
  ]);
  expect(await repo.run('code', '0')).toMatchObject({ code: 0, output: 'target code 0\n' });
  expect(await repo.calls()).toHaveLength(1);
});

test.each(['pnpm-lock.yaml', 'packages/one/package.json'])('a changed %s is installed', async file => {
  await using repo = await repository(installs);
  await repo.run();
  await writeFile(repo.path(file), '{ "changed": true }');
  await repo.run();
  expect(await repo.calls()).toHaveLength(2);
});

test('a Node that is gone is installed again', async () => {
  await using repo = await repository(installs);
  await repo.run();
  await rm(repo.path('node_modules/node'), { recursive: true });
  expect(await repo.run('again')).toMatchObject({ code: 0, output: expect.stringContaining('target again') });
});

test('an install that fails on what is left of an earlier one begins from nothing', async () => {
  await using repo = await repository(
    `if [ -e node_modules/half ] || [ ! -d packages/one ]; then exit 1; fi; [ ! -e packages/one/node_modules ] && ${installs}`,
  );
  await mkdir(repo.path('node_modules/half'), { recursive: true });
  expect(await repo.run('now')).toMatchObject({ code: 0, output: expect.stringContaining('target now') });
  expect(await repo.calls()).toHaveLength(2);
});

test('an install that does not work says so, and the target does not run', async () => {
  await using repo = await repository('exit 1');
  const { code, output } = await repo.run();
  expect(code).toBe(1);
  expect(output).toContain('could not be installed');
  expect(output).not.toContain('target');
});

test('an old Node in node_modules is named', async () => {
  await using repo = await repository(
    'mkdir -p node_modules/node/bin; printf "#!/bin/sh\\necho v20.1.0\\n" > node_modules/node/bin/node; chmod +x node_modules/node/bin/node',
  );
  expect(await repo.run()).toMatchObject({
    code: 1,
    output: expect.stringContaining('node_modules has Node 20, but 24 or newer is needed'),
  });
});

test('one Ctrl-C that arrives twice reaches the target once, and its own exit code is kept', async () => {
  await using repo = await repository(installs);
  const child = repo.start('wait');
  const nextLine = linesOf(child);
  expect(await nextLine()).toBe('target wait');
  child.kill('SIGINT');
  expect(await nextLine()).toBe('interrupt 1');
  // The copy that npm passes on. Sent before the first was seen, the kernel could merge the two.
  child.kill('SIGINT');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([7, null]);
  expect(await nextLine()).toBe('undefined');
});

test('an interrupted install ends at once, without a second attempt, and the next run installs', async () => {
  await using repo = await repository(
    `if [ ! -e begun ]; then touch begun; echo installing; exec tail -f /dev/null; fi; ${installs}`,
  );
  const child = repo.start();
  expect(await linesOf(child)()).toBe('installing');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(await repo.calls()).toHaveLength(1);
  expect(await repo.run('later')).toMatchObject({ code: 0, output: expect.stringContaining('target later') });
});
