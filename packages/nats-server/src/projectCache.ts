import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const binaryName = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';

/** Where the fetched binary is kept: `LONGHAUL_CACHE`, else `.longhaul/bin` of the repository. */
export function defaultCacheDir(env: NodeJS.ProcessEnv): string {
  if (env.LONGHAUL_CACHE) return resolve(env.LONGHAUL_CACHE);
  return fileURLToPath(new URL('../../../.longhaul/bin', import.meta.url));
}

/**
 * Puts a binary into the cache. Another process may do the same or run the cached one at this moment, so it is
 * copied under a name of its own and then renamed, which replaces whole files only: the last one wins.
 */
export async function putIntoCache(cacheDir: string, binary: string): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  const cached = join(cacheDir, binaryName);
  const incoming = join(cacheDir, `${binaryName}.${randomUUID()}.incoming`);
  try {
    await copyFile(binary, incoming);
    await chmod(incoming, 0o755);
    await rename(incoming, cached);
  } finally {
    await rm(incoming, { force: true });
  }
  return cached;
}
