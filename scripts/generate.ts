// `pnpm generate`: writes what the documentation takes from the code: JSON Schemas of the wire, the tables between
// `<!-- generated:NAME -->` markers, and the examples of doc comments as programs. `--check` writes nothing, names what is not current and exits with 1.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findStale } from './generate/generatedFiles.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
const stale = await findStale(root);

for (const { path, wanted } of stale) {
  if (check) {
    console.error(`${path} is not current. Run \`pnpm generate\`.`);
  } else if (wanted === undefined) {
    console.error(`${path} is generated from nothing any more. Remove it.`);
  } else {
    await writeFile(join(root, path), wanted);
    console.log(`wrote ${path}`);
  }
}
if (stale.length === 0) console.log('Everything generated is current.');
if (stale.some(({ wanted }) => check || wanted === undefined)) process.exitCode = 1;
