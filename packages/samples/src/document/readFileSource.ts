import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import type { TaskError } from '@longhaul/executor';
import { collectBytes, tooLarge } from './collectBytes.ts';
import { documentError } from './documentTypes.ts';

/** How a file is read. */
export type FileOptions = {
  readonly allowedDirectory: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
};

const chunkBytes = 1024 * 1024;

/**
 * Reads a regular file below the allowed folder, following symbolic links only where they stay in it. Hidden files
 * and folders (a name that begins with a dot) are left alone: secrets tend to live there.
 *
 * @throws TaskError `NOT_FOUND`, `PATH_NOT_ALLOWED`, `TOO_LARGE`, `UNREADABLE`; the signal's reason when aborted
 */
export async function readFileSource(path: string, options: FileOptions): Promise<Uint8Array<ArrayBuffer>> {
  const root = await realFolder(options.allowedDirectory);
  if (path.includes('\0')) throw notAllowed(path);
  const wanted = resolve(options.allowedDirectory, path);
  // An absolute path may name the folder as it was configured, or by its real name.
  if (!isInside(resolve(options.allowedDirectory), wanted) && !isInside(root, wanted)) throw notAllowed(path);
  try {
    const real = await realpath(wanted);
    if (!isInside(root, real)) throw notAllowed(path);
    // Without O_NONBLOCK, opening a FIFO without a writer would wait for ever. (Windows has neither flag.)
    const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);
    await using file = await open(real, flags);
    const { size } = await verifyOpened(file, real, path);
    if (size > options.maxBytes) throw tooLarge(options.maxBytes, size);
    return await collectBytes(chunksOf(file, options.signal), options.maxBytes);
  } catch (error) {
    throw explain(error, path);
  }
}

/** Not a read stream: aborted at the wrong moment, that emits an error which cannot be caught. */
async function* chunksOf(file: FileHandle, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await file.read({ buffer: new Uint8Array(chunkBytes) });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function realFolder(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    throw new Error(
      `The document folder "${folder}" cannot be read: make it, or set DOCUMENT_DIR to another.`,
      { cause: error },
    );
  }
}

/** Whether `path` lies below `root`, with no hidden name on the way. */
function isInside(root: string, path: string): boolean {
  const below = relative(root, path);
  return below !== '' && !isAbsolute(below) && !below.split(sep).some(name => name.startsWith('.'));
}

/** What was opened must be what was checked: a folder could have become a link elsewhere in between. */
async function verifyOpened(file: FileHandle, real: string, path: string) {
  const opened = await file.stat();
  if (!opened.isFile() || (await realpath(real)) !== real) throw notAllowed(path);
  const checked = await stat(real);
  if (opened.dev !== checked.dev || opened.ino !== checked.ino) throw notAllowed(path);
  return opened;
}

function notAllowed(path: string): TaskError {
  return documentError(
    'PATH_NOT_ALLOWED',
    'The path must name a regular file, not a hidden one, below the document folder (DOCUMENT_DIR).',
    { path },
  );
}

function explain(error: unknown, path: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return documentError('NOT_FOUND', `There is no file at "${path}" in the document folder.`, { path });
    case 'EACCES':
    case 'EPERM':
      return documentError('UNREADABLE', `The executor has no permission to read "${path}".`, {
        format: null,
        reason: 'NO_PERMISSION',
      });
    // Links in a circle or made after the check; a socket; a folder, where open refuses one; no possible name.
    case 'ELOOP':
    case 'ENXIO':
    case 'EISDIR':
    case 'ENAMETOOLONG':
      return notAllowed(path);
    default:
      return error;
  }
}
