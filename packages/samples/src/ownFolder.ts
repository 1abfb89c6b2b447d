import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The families of tasks that read files, by the names of their folders. */
export type FileFamily = 'audio' | 'documents' | 'playbooks';

/**
 * The folder of one family where none is configured: one of its own below the working folder, and empty until somebody
 * puts files there. Never the working folder itself: whoever starts tasks could read what else lies in it, such as keys.
 *
 * @param workingFolder default: that of the process
 */
export function ownFolder(family: FileFamily, workingFolder: string = process.cwd()): string {
  const folder = resolve(join(workingFolder, '.longhaul', 'files', family));
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    // A disk that is read only, for example: a task that names a file is told that the folder cannot be read.
  }
  return folder;
}
