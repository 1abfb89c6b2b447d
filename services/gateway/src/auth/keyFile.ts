import { randomBytes } from 'node:crypto';
import { lstat, open, readlink, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** A key file that other users could change. The message states what to do. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** More symbolic links than this are treated as a loop. */
const maxLinks = 16;
const writableByGroup = 0o020;
const writableByOthers = 0o002;
const sticky = 0o1000;

/**
 * Follows symbolic links to the file that they point to, which need not exist yet. Refuses a file that another user could
 * replace: a user who can write the file, a link to it, or a folder that contains one of them can create keys.
 *
 * @throws KeyFileError
 */
export async function trustedKeyFile(file: string): Promise<string> {
  let at = resolve(file);
  for (let links = 0; links <= maxLinks; links += 1) {
    await requireOwnFolder(dirname(at));
    const found = await lstat(at).catch(absent);
    if (!found) return at;
    if (found.isSymbolicLink()) {
      at = resolve(dirname(at), await readlink(at));
      continue;
    }
    if (!found.isFile())
      throw new KeyFileError(`${at} is not a file. Name the file of the keys, not a folder.`);
    if (isForeign(found.uid))
      throw new KeyFileError(`${at} belongs to another user, who can change it. Use a file of your own.`);
    if (hasRights(found.mode, writableByGroup | writableByOthers))
      throw new KeyFileError(
        `Other users can write ${at} (mode ${modeOf(found.mode)}) and create keys. Run \`chmod go-w ${at}\`, and check its keys.`,
      );
    return at;
  }
  throw new KeyFileError(`${file} is a loop of symbolic links. Name the file itself.`);
}

/**
 * Replaces a file's content in one step, so that a gateway never reads half of it. An existing file keeps its mode and
 * owner. Symbolic links must be followed before (see `trustedKeyFile`), since a rename would replace the link.
 */
export async function replaceFile(file: string, content: string): Promise<void> {
  const before = await stat(file).catch(absent);
  const draft = join(dirname(file), `.keys-${randomBytes(6).toString('hex')}`);
  const handle = await open(draft, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(content);
      if (before) {
        const own = await handle.stat();
        if (own.uid !== before.uid || own.gid !== before.gid) await handle.chown(before.uid, before.gid);
        await handle.chmod(before.mode & 0o777);
      }
      // The content must be on the disk before the rename is.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function requireOwnFolder(folder: string): Promise<void> {
  const { mode, uid, gid } = await stat(folder);
  const why = isForeign(uid)
    ? 'belongs to another user'
    : hasRights(mode, writableByOthers) && !(mode & sticky)
      ? `can be written by all users (mode ${modeOf(mode)})`
      : // Where new folders have mode 775, each user usually has a group of its own.
        hasRights(mode, writableByGroup) && !(mode & sticky) && gid !== process.getgid?.()
        ? `can be written by its group (mode ${modeOf(mode)})`
        : undefined;
  if (why !== undefined)
    throw new KeyFileError(
      `The folder ${folder} ${why}: they could replace the file of the keys. Use a folder that only you can write.`,
    );
}

/** Whether a file belongs to another user. Root does not count: it can change every file anyway. */
function isForeign(uid: number): boolean {
  const own = process.getuid?.();
  return own !== undefined && uid !== own && uid !== 0 && own !== 0;
}

/** Always false on systems without such permissions (Windows). */
function hasRights(mode: number, rights: number): boolean {
  return process.getuid !== undefined && (mode & rights) !== 0;
}

const modeOf = (mode: number) => (mode & 0o7777).toString(8);

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
