// `pnpm test:outside`: installs what would be published into a project outside this repository, as a user does, and tries
// everything there: with npm and pnpm, TypeScript 5.9 and 7, both module resolutions, and both versions of Node.js that
// are promised; and the app that `npm create longhaul` makes. `--warm` uses the caches of this machine instead of empty
// ones, `--created` tries the app that is made alone.

import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { locateChromium } from '../../packages/console/e2e/browser.ts';
import { packAll } from '../../scripts/release/pack.ts';
import { root } from '../../scripts/release/publishable.ts';
import { pnpm, run } from '../../scripts/release/run.ts';
import { tryCreatedApp } from './createdApp.ts';
import { startRegistry } from './registry.ts';

const { values } = parseArgs({
  options: { warm: { type: 'boolean' }, keep: { type: 'boolean' }, created: { type: 'boolean' } },
});

/** The oldest that the packages name in `engines`, and the one that this repository runs on. */
const nodeVersions = ['22.19.0', '24.21.0'];
const resolutions = ['nodenext', 'bundler'];
const compilers = ['typescript5', 'typescript7'];
const longhaul = ['proto', 'client', 'gateway', 'executor', 'nats-server', 'console', 'testing', 'samples'];
const dependencies = {
  ...Object.fromEntries(longhaul.map(name => [`@longhaul/${name}`, '^0.2.0'])),
  '@trpc/client': '^11.25.2',
  '@trpc/server': '^11.25.2',
  zod: '^4.6.7',
};
const devDependencies = {
  '@types/node': '^22',
  esbuild: '^0.28.0',
  'playwright-core': '^1.65.0',
  typescript5: 'npm:typescript@~5.9.0',
  typescript7: 'npm:typescript@^7.0.2',
  vite: '^8.3.8',
  vitest: '^5.1.1',
};

const begun = performance.now();
const say = (line: string) =>
  console.log(`${((performance.now() - begun) / 1_000).toFixed(0).padStart(4)} s  ${line}`);

const work = await mkdtemp(join(tmpdir(), 'longhaul-outside-'));
const chromium = locateChromium();
/** Nothing of this repository's own installation is on the way: no path, no setting of a package manager. */
const cleanEnv: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_|NODE_(PATH|OPTIONS|ENV)$)/i.test(name)),
  ),
  CHROMIUM_BIN: chromium,
  LONGHAUL_TEST_NATS: 'binary',
  LONGHAUL_CACHE: join(root, '.longhaul/bin'),
};

async function main(): Promise<void> {
  const tarballs = await packAll(join(work, 'tarballs'));
  say(`built and packed ${tarballs.size} packages`);
  const registry = await startRegistry(tarballs);
  try {
    await tryCreatedApp(work, registry.url, cleanEnv, say);
    if (values.created) return;
    const nodes = await Promise.all(nodeVersions.map(installNode));
    for (const manager of ['npm', 'pnpm'] as const) await tryProject(manager, registry.url, nodes);
  } finally {
    await registry.stop();
  }
}

/** Installs a version of Node.js and answers its folder. */
async function installNode(version: string): Promise<{ version: string; bin: string }> {
  const folder = join(work, `node-${version}`);
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--no-audit', '--no-fund', `node@${version}`], { cwd: folder, env: cleanEnv });
  const bin = join(folder, 'node_modules/node/bin/node');
  const said = (await run(bin, ['--version'], { cwd: folder })).trim();
  if (said !== `v${version}`) throw new Error(`Node.js ${version} was installed, and ${said} is there.`);
  return { version, bin };
}

async function tryProject(
  manager: 'npm' | 'pnpm',
  registry: string,
  nodes: readonly { version: string; bin: string }[],
): Promise<void> {
  const project = join(work, manager);
  await cp(join(import.meta.dirname, 'project'), project, { recursive: true });
  await writeFile(
    join(project, 'package.json'),
    JSON.stringify(
      { name: 'outside', private: true, type: 'module', dependencies, devDependencies },
      null,
      2,
    ),
  );
  await writeFile(join(project, '.npmrc'), `@longhaul:registry=${registry}\n`);
  await install(manager, project);
  say(`${manager}: installed, with no override and no warning about peers`);

  const tool = (path: string, args: readonly string[], node = nodes.at(-1)?.bin ?? process.execPath) =>
    run(node, [join(project, 'node_modules', path), ...args], {
      cwd: project,
      env: { ...cleanEnv, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` },
    });
  for (const compiler of compilers) {
    for (const resolution of resolutions) {
      await tool(`${compiler}/bin/tsc`, ['-p', `tsconfig.${resolution}.json`, '--noEmit']);
      await tool(`${compiler}/bin/tsc`, ['-p', `tsconfig.web-${resolution}.json`]);
      say(`${manager}: ${compiler} with ${resolution} has no complaint`);
    }
  }
  await tool('typescript5/bin/tsc', ['-p', 'tsconfig.nodenext.json']);
  const entries = ['src/scenario.ts', 'src/countPrimes.ts'];
  const options = ['--bundle', '--packages=external', '--format=esm', '--platform=node', '--target=node22'];
  await run(join(project, 'node_modules/.bin/esbuild'), [...entries, ...options, '--outdir=bundle'], {
    cwd: project,
    env: cleanEnv,
  });
  await tool('vite/bin/vite.js', ['build']);
  say(`${manager}: compiled, bundled, and the page built`);

  const key = await run(
    join(project, 'node_modules/.bin/longhaul-keys'),
    ['create', '--file', 'keys.json', '--owner', 'ann'],
    { cwd: project, env: cleanEnv },
  );
  if (!key.startsWith('lh_')) throw new Error(`longhaul-keys printed ${key}`);
  say(`${manager}: longhaul-keys makes a key`);

  for (const { version, bin } of nodes) {
    for (const code of ['out', 'bundle']) {
      await run(bin, [`${code}/scenario.js`, 'web/dist'], { cwd: project, env: cleanEnv });
      say(`${manager}: Node.js ${version} runs the system and its page from ${code}/`);
    }
    await tool('vitest/vitest.mjs', ['run'], bin);
    say(`${manager}: Node.js ${version} runs runHandler and startStack in vitest`);
  }
}

async function install(manager: 'npm' | 'pnpm', project: string): Promise<void> {
  const said =
    manager === 'npm'
      ? await run(
          'npm',
          [
            ...['install', '--no-audit', '--no-fund', '--strict-peer-deps'],
            ...(values.warm ? [] : ['--cache', join(work, 'npm-cache')]),
          ],
          { cwd: project, env: cleanEnv },
        )
      : await pnpm(
          [
            ...[
              'install',
              '--config.strict-peer-dependencies=true',
              '--config.dangerously-allow-all-builds=true',
            ],
            ...(values.warm ? [] : ['--store-dir', join(work, 'pnpm-store')]),
          ],
          { cwd: project, env: cleanEnv },
        );
  if (/ERESOLVE|unmet peer|EBADENGINE|Unsupported engine/i.test(said)) throw new Error(said);
}

try {
  await main();
  say('everything passed');
} finally {
  if (values.keep) say(`kept: ${work}`);
  else await rm(work, { recursive: true, force: true });
}
