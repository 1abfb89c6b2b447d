import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';

/**
 * Finds a command as a shell would: a path is taken as it is, a name is looked for on the PATH.
 *
 * @returns its full path, or `undefined` when there is no such executable file
 */
export async function findExecutable(
  command: string,
  searchPath = process.env.PATH ?? '',
): Promise<string | undefined> {
  const candidates = /[/\\]/.test(command)
    ? [resolve(command)]
    : searchPath
        .split(delimiter)
        .filter(Boolean)
        .map(folder => join(folder, command));
  for (const candidate of candidates) {
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
