// `pnpm release:check`: builds and packs every package, and checks what is in the tarballs: their files, the package.json by
// publint, and the types as every way of module resolution sees them, by "are the types wrong".

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesIn, packAll } from './pack.ts';
import { publishable, readManifest, root } from './publishable.ts';
import { run } from './run.ts';

/** What a user needs, and nothing that only this repository does. */
const wanted = [/^package\.json$/, /^LICENSE$/, /^README\.md$/, /^dist\/.+\.(js|d\.ts|js\.map)$/];
const wantedOfConsole = [...wanted, /^page\.(js|d\.ts)$/, /^dist\/[^.].*\.(html|svg|css|js)(\.br|\.gz)?$/];
const wantedOfCreate = [...wanted, /^template\//];
const unwanted = [/\.test\./, /(^|\/)fixtures\//, /(^|\/)scripted/, /(^|\/)main\./];

const rulesOf: Readonly<Record<string, readonly RegExp[]>> = {
  'packages/console': wantedOfConsole,
  'packages/create-longhaul': wantedOfCreate,
};

/** What has a system run a file as a command of Node.js. */
const shebang = '#!/usr/bin/env node\n';

const faults: string[] = [];
const destination = await mkdtemp(join(tmpdir(), 'longhaul-release-'));
try {
  const tarballs = await packAll(destination);
  for (const folder of publishable) {
    const { name, exports, publishConfig } = await readManifest(folder);
    const tarball = tarballs.get(name) ?? '';
    const files = await filesIn(tarball);
    const rules = rulesOf[folder] ?? wanted;
    for (const file of files)
      if (
        !rules.some(rule => rule.test(file)) ||
        // The app that is made has tests of its own.
        (!file.startsWith('template/') && unwanted.some(rule => rule.test(file)))
      )
        faults.push(`${name}: ${file} does not belong into the tarball`);
    for (const file of ['package.json', 'LICENSE', 'README.md'])
      if (!files.includes(file)) faults.push(`${name}: ${file} is missing`);
    for (const entry of Object.values(publishConfig.exports ?? exports))
      for (const file of typeof entry === 'string' ? [entry] : Object.values(entry))
        if (!files.includes(file.replace('./', '')))
          faults.push(`${name}: exports name ${file}, which is missing`);
    for (const [command, file] of Object.entries(publishConfig.bin ?? {}))
      if (
        !(
          await run('tar', ['-xzOf', tarball, `package/${file.replace('./', '')}`], { cwd: root })
        ).startsWith(shebang)
      )
        faults.push(`${name}: the command ${command} (${file}) does not begin with ${shebang}`);
    // Modules alone: who requires them gets them by Node's own require(esm), so the profile is that of ESM.
    for (const [command, ...args] of [
      ['publint', '--strict', tarball],
      ['attw', tarball, '--profile', 'esm-only', '--format', 'ascii'],
    ] as const)
      await run(join(root, 'node_modules/.bin', command), args, { cwd: root }).catch((error: unknown) =>
        faults.push(`${name}: ${error instanceof Error ? error.message : error}`),
      );
    console.log(`${name}: ${files.length} files`);
  }
} finally {
  await rm(destination, { recursive: true, force: true });
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else console.log('Everything can be published.');
