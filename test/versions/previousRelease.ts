import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../scripts/release/publishable.ts';
import { pnpm, run } from '../../scripts/release/run.ts';
import { startRegistry } from '../outside/registry.ts';

/**
 * The release that runs beside the code of this tree. Version 0.2.0 is in no public registry yet, so its packages are made
 * from its commit, as its own script makes them. A release changes this (see CONTRIBUTING).
 */
export const previousRelease = { version: '0.2.0', commit: 'a1fb83a637f6ff373453bbc6ef3a96f157610847' };

/** Whether this clone has the commit; a shallow one has not. */
export async function hasPreviousRelease(): Promise<boolean> {
  return run('git', ['cat-file', '-e', `${previousRelease.commit}^{commit}`], { cwd: root }).then(
    () => true,
    () => false,
  );
}

/**
 * Makes the packages of the previous release, and installs them into a project.
 *
 * @param work a folder of the test
 * @returns the folder of the project, with the files of the fixture
 */
export async function installPreviousRelease(work: string): Promise<string> {
  const source = join(work, 'source');
  const archive = join(work, 'source.tar');
  await mkdir(source);
  await run('git', ['archive', '--output', archive, previousRelease.commit], { cwd: root });
  await run('tar', ['-xf', archive, '-C', source], { cwd: work });
  await pnpm(['install', '--frozen-lockfile', '--prefer-offline'], { cwd: source });
  const tarballs = join(work, 'tarballs');
  const packed = await run(process.execPath, ['scripts/release/pack.ts', tarballs], { cwd: source });
  const paths = packed
    .split('\n')
    .map(line => line.split('  '))
    .filter((words): words is [string, string] => words.length === 2);
  const registry = await startRegistry(new Map(paths));
  try {
    const project = join(work, 'project');
    await cp(join(import.meta.dirname, 'fixture'), project, { recursive: true });
    const { version } = previousRelease;
    const dependencies = Object.fromEntries(
      ['proto', 'gateway', 'executor'].map(name => [`@longhaul/${name}`, version]),
    );
    const manifest = { private: true, type: 'module', dependencies: { ...dependencies, zod: '^4.6.7' } };
    await writeFile(join(project, 'package.json'), JSON.stringify(manifest));
    await writeFile(join(project, '.npmrc'), `@longhaul:registry=${registry.url}\n`);
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: project });
    return project;
  } finally {
    await registry.stop();
  }
}
