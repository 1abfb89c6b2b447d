import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { glob, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const consoleDir = join(root, 'packages/console');
/** Where the gateway looks for the page. Git ignores it. */
export const builtConsole = join(consoleDir, 'dist');
const stampFile = '.built-from';

/** What the page is made of. */
const sources = [
  'packages/console/{index.html,vite.config.ts,package.json}',
  'packages/console/{src,public}/**/*',
  'packages/{client,proto}/src/**/*.ts',
  'pnpm-lock.yaml',
];

/**
 * Builds the console, unless what is there was made of the same sources. Answers whether it built.
 *
 * @throws Error with what the build wrote, when it fails
 */
export async function buildConsole(): Promise<boolean> {
  const stamp = await digestOfSources();
  const built = await readFile(join(builtConsole, stampFile), 'utf8').catch(() => undefined);
  if (built === stamp) return false;
  // Beside it and then in its place: a gateway never serves half a page, and two builds do not meet.
  const fresh = join(consoleDir, `dist-${process.pid}`);
  try {
    await vite(fresh);
    await writeFile(join(fresh, stampFile), stamp);
    await rm(builtConsole, { recursive: true, force: true });
    await mkdir(dirname(builtConsole), { recursive: true });
    await rename(fresh, builtConsole);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return true;
}

async function digestOfSources(): Promise<string> {
  const files = (await Array.fromAsync(glob(sources, { cwd: root, withFileTypes: true })))
    .filter(entry => entry.isFile() && !entry.name.includes('.test.'))
    .map(entry => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file.slice(root.length)}\n`).update(await readFile(file));
  return hash.digest('hex');
}

function vite(outDir: string): Promise<void> {
  const command = join(consoleDir, 'node_modules/vite/bin/vite.js');
  const child = spawn(process.execPath, [command, 'build', '--outDir', outDir, '--emptyOutDir'], {
    cwd: consoleDir,
    // As for production, whatever the environment says: a test's would build React for development.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => {
      if (code === 0) resolve();
      else reject(new Error(`The console could not be built:\n${said}`));
    });
  });
}

if (import.meta.main)
  console.log((await buildConsole()) ? `built ${builtConsole}` : `${builtConsole} is current`);
