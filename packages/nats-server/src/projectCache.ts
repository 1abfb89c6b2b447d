import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve, sep } from 'node:path';

export const binaryName = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';

/**
 * Where the fetched binary is kept: `LONGHAUL_CACHE`; else `.longhaul/bin` of this repository; else, installed as a
 * package, the user's cache folder, so that an install from scratch need not fetch it again.
 */
export function defaultCacheDir(env: NodeJS.ProcessEnv, folder = import.meta.dirname): string {
  if (env.LONGHAUL_CACHE) return resolve(env.LONGHAUL_CACHE);
  if (folder.split(sep).includes('node_modules')) return join(userCacheDir(env), 'longhaul', 'bin');
  return resolve(folder, '../../../.longhaul/bin');
}

function userCacheDir(env: NodeJS.ProcessEnv): string {
  if (env.XDG_CACHE_HOME) return env.XDG_CACHE_HOME;
  if (process.platform === 'win32' && env.LOCALAPPDATA) return env.LOCALAPPDATA;
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
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
