import { randomBytes } from 'node:crypto';
import { lstat, open, readlink, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** A key file that is not to be trusted or cannot be written. The message says what to do. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** More links than this lead in a circle. */
const linksMost = 16;
const writableByGroup = 0o020;
const writableByOthers = 0o002;
const sticky = 0o1000;

/**
 * Follows symbolic links to the file that they stand for, which need not be there yet, and refuses one that somebody
 * else could replace: who can write the file, a link to it, or a folder in which one of them lies makes the keys.
 *
 * @throws KeyFileError
 */
export async function trustedKeyFile(file: string): Promise<string> {
  let at = resolve(file);
  for (let links = 0; links <= linksMost; links += 1) {
    await requireOwnFolder(dirname(at));
    const found = await lstat(at).catch(absent);
    if (!found) return at;
    if (found.isSymbolicLink()) {
      at = resolve(dirname(at), await readlink(at));
      continue;
    }
    if (!found.isFile()) throw new KeyFileError(`${at} is no file. Name the file of the keys, not a folder.`);
    if (isOthers(found.uid))
      throw new KeyFileError(`${at} belongs to another user, who can change it. Use a file of your own.`);
    if (hasRights(found.mode, writableByGroup | writableByOthers))
      throw new KeyFileError(
        `Others can write ${at} (mode ${modeOf(found.mode)}), and so make keys. Run \`chmod go-w ${at}\`, and look through its keys.`,
      );
    return at;
  }
  throw new KeyFileError(`${file} is a symbolic link that leads nowhere. Name the file itself.`);
}

/**
 * Puts a file's content in one step, so that a gateway never reads half of it. What is there keeps its mode and its
 * owner; a symbolic link is to be followed before (see `trustedKeyFile`), since a rename would put the file in its place.
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
      // The rename must not be on the disk before what it names.
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
  const why = isOthers(uid)
    ? 'belongs to another user'
    : hasRights(mode, writableByOthers) && !(mode & sticky)
      ? `can be written by localAdministrator (mode ${modeOf(mode)})`
      : // The group of a user alone is the usual one where new folders have mode 775.
        hasRights(mode, writableByGroup) && !(mode & sticky) && gid !== process.getgid?.()
        ? `can be written by its group (mode ${modeOf(mode)})`
        : undefined;
  if (why !== undefined)
    throw new KeyFileError(
      `The folder ${folder} ${why}: others could put a file of theirs in the place of the keys. Use a folder that you alone can write.`,
    );
}

/** The superuser can change everything in any case. */
function isOthers(uid: number): boolean {
  const own = process.getuid?.();
  return own !== undefined && uid !== own && uid !== 0 && own !== 0;
}

/** Systems without users have no such rights. */
function hasRights(mode: number, rights: number): boolean {
  return process.getuid !== undefined && (mode & rights) !== 0;
}

const modeOf = (mode: number) => (mode & 0o7777).toString(8);

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
