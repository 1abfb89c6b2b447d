import { mkdirSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';

/** Where a path that a caller gave leads. */
export type AllowedPath =
  | { readonly kind: 'inside'; readonly path: string }
  | { readonly kind: 'outside' }
  | { readonly kind: 'missing' };

/**
 * Resolves a caller's path below a folder, symbolic links included.
 *
 * A path that leads out of the folder by its text alone is not looked up, so that callers do not learn what exists there.
 */
export async function resolveInside(folder: string, path: string): Promise<AllowedPath> {
  if (!contains(resolve(folder), resolve(folder, path))) {
    // An absolute path may be spelled by the folder's real name.
    const realFolder = await existing(folder);
    if (realFolder === undefined || !contains(realFolder, resolve(realFolder, path)))
      return { kind: 'outside' };
  }
  const [realFolder, realPath] = await Promise.all([existing(folder), existing(resolve(folder, path))]);
  if (realFolder === undefined || realPath === undefined) return { kind: 'missing' };
  return contains(realFolder, realPath) ? { kind: 'inside', path: realPath } : { kind: 'outside' };
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

async function existing(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ERR_INVALID_ARG_VALUE: the path holds a zero byte.
    if (code && ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes(code))
      return undefined;
    throw error;
  }
}

/** The branches of the contract whose tasks read files, by the names of their folders. */
export type FileFolder = 'audio' | 'documents' | 'playbooks';

/**
 * The folder of one branch where none is configured: one of its own below the working folder, and empty until files are
 * put there. Never the working folder itself: callers could read what else is in it, such as keys.
 *
 * @param workingFolder default: that of the process
 */
export function ownFolder(name: FileFolder, workingFolder: string = process.cwd()): string {
  const folder = resolve(join(workingFolder, '.longhaul', 'files', name));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // A disk that is read only, for example: a task that names a file fails because the folder cannot be read.
  }
  return folder;
}
