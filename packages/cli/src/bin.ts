#!/usr/bin/env node
// An older Node.js would fail at the first TypeScript file of a project, with words that say nothing.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`longhaul needs Node.js 22.19 or newer; this is ${process.versions.node}.\n`);
  process.exit(2);
}
// A reader that has seen enough (`longhaul list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const { createProgram } = await import('./program.ts');
await createProgram().parseAsync();
