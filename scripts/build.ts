// `pnpm build`: what is published of each package, into its `dist`: JavaScript modules, declarations and source maps by
// tsc, and the console's page by vite. In the workspace nothing of it is used: there the sources run.

import { glob, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishable, root } from './release/publishable.ts';
import { run } from './release/run.ts';
import { buildConsole } from './start/buildConsole.ts';

const compiled = publishable.filter(folder => folder !== 'packages/console');

// From nothing: the output of a source file that is gone would be packed.
await Promise.all(compiled.map(folder => rm(join(root, folder, 'dist'), { recursive: true, force: true })));
const projects = compiled.map(folder => `${folder}/tsconfig.build.json`);
await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...projects], {
  cwd: root,
});

// tsc names other declarations by the ending of their sources: tools that know JavaScript only do not find those.
const declarations = compiled.map(folder => `${folder}/dist/**/*.d.ts`);
for await (const file of glob(declarations, { cwd: root })) {
  const path = join(root, file);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replaceAll(/(\bfrom |\bimport\()(['"])(\.{1,2}\/[^'"]*)\.ts\2/g, '$1$2$3.js$2'));
}
await buildConsole();
console.log(`built ${publishable.length} packages`);
