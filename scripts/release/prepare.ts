// `pnpm release:prepare 0.3.0`: puts a version into every package.json and into the code that tells it, and heads what is
// unreleased in the changelog with that version and today's date.

import { glob, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './publishable.ts';

const [version] = process.argv.slice(2);
if (version === undefined || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
  throw new Error('Say which version: pnpm release:prepare 0.3.0');

const edit = async (file: string, change: (text: string) => string) => {
  const text = await readFile(join(root, file), 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error(`${file}: there is nothing to change for ${version}.`);
  await writeFile(join(root, file), changed);
  console.log(`changed ${file}`);
};

for await (const file of glob(['package.json', '{packages,services}/*/package.json', 'bench/package.json'], {
  cwd: root,
}))
  await edit(file, text => text.replace(/"version": "[^"]*"/, `"version": "${version}"`));
await edit('services/executor/src/createExecutor.ts', text =>
  text.replace(/const version = '[^']*'/, `const version = '${version}'`),
);
const today = new Date().toISOString().slice(0, 10);
await edit('CHANGELOG.md', text =>
  text.replace('## [Unreleased]\n', `## [Unreleased]\n\n## [${version}] - ${today}\n`),
);
