import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { publishable, readManifest, root } from './publishable.ts';
import { pnpm, run } from './run.ts';

/**
 * Builds and packs every publishable package as `pnpm publish` would.
 * @returns the path of each tarball by its package's name
 */
export async function packAll(destination: string): Promise<ReadonlyMap<string, string>> {
  // What was not built, or was changed since, must not be packed.
  await run(process.execPath, [join(root, 'scripts/build.ts')], { cwd: root });
  await rm(destination, { recursive: true, force: true });
  await mkdir(destination, { recursive: true });
  const packed = new Map<string, string>();
  for (const folder of publishable) {
    const { name, version } = await readManifest(folder);
    await pnpm(['pack', '--pack-destination', destination], { cwd: join(root, folder) });
    packed.set(name, join(destination, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`));
  }
  return packed;
}

/** The paths of the files in a tarball. */
export async function filesIn(tarball: string): Promise<string[]> {
  const listed = await run('tar', ['-tzf', tarball], { cwd: root });
  return listed
    .split('\n')
    .filter(Boolean)
    .map(path => path.replace(/^package\//, ''));
}

if (import.meta.main) {
  const destination = resolve(process.argv[2] ?? join(root, '.longhaul/packages'));
  for (const [name, tarball] of await packAll(destination)) console.log(`${name}  ${tarball}`);
}
