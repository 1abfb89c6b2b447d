import { readFile } from 'node:fs/promises';
import { createApiKey } from './apiKey.ts';
import { type ApiKeyEntry, apiKeyEntrySchema, readApiKeysFile } from './apiKeysFile.ts';
import type { Role } from './caller.ts';
import { replaceFile, trustedKeyFile } from './keyFile.ts';

/** An option of a new key that cannot be used, or a key that is not there. The message says what to do. */
export class KeysError extends Error {
  override readonly name = 'KeysError';
  readonly code = 'BAD_KEY';
}

/** What is known of a key. The key itself is kept nowhere. */
export type KeyInfo = Omit<ApiKeyEntry, 'sha256'>;

/** Whose key it is to be, and for how long. */
export type NewKeyOptions = {
  /** The owner of what is started with it. */
  readonly owner: string;
  /** Default: `user`. */
  readonly role?: Role | undefined;
  /** Default: until it is revoked. */
  readonly days?: number | undefined;
  /** What it is for. */
  readonly note?: string | undefined;
};

const dayMs = 24 * 60 * 60 * 1_000;
const mostDays = 36_500;

/**
 * Makes a key and keeps its hash in the file, which is made where it is missing.
 *
 * @returns the key, which nothing can tell again, and what is known of it
 * @throws KeysError; KeyFileError where others could change the file
 */
export async function createKey(
  file: string,
  { owner, role, days, note }: NewKeyOptions,
): Promise<{ readonly key: string; readonly info: KeyInfo }> {
  if (days !== undefined && !(days > 0 && days <= mostDays))
    throw new KeysError(`--days must be a number above 0, at most ${mostDays}.`);
  const trusted = await trustedKeyFile(file);
  const { key, id, sha256 } = createApiKey();
  const now = Date.now();
  const entry = apiKeyEntrySchema.safeParse({
    id,
    sha256,
    owner,
    role,
    createdAt: new Date(now).toISOString(),
    expiresAt: days === undefined ? undefined : new Date(now + days * dayMs).toISOString(),
    note,
  });
  if (!entry.success)
    throw new KeysError(
      entry.error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}`).join('\n'),
    );
  await write(trusted, [...(await readIfThere(trusted)), entry.data]);
  const { sha256: _hash, ...info } = entry.data;
  return { key, info };
}

/** What is known of the keys of a file. */
export async function listKeys(file: string): Promise<readonly KeyInfo[]> {
  const keys = await readApiKeysFile(await trustedKeyFile(file));
  return keys.map(({ sha256: _hash, ...info }) => info);
}

/**
 * Revokes a key: running gateways end its streams within a second.
 * @throws KeysError when the file has no key of this id
 */
export async function revokeKey(file: string, id: string): Promise<void> {
  const trusted = await trustedKeyFile(file);
  const keys = await readApiKeysFile(trusted);
  if (!keys.some(key => key.id === id)) throw new KeysError(`${trusted} has no key ${id}.`);
  await write(
    trusted,
    keys.filter(key => key.id !== id),
  );
}

async function readIfThere(file: string): Promise<readonly ApiKeyEntry[]> {
  const isThere = await readFile(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  return isThere ? readApiKeysFile(file) : [];
}

function write(file: string, keys: readonly ApiKeyEntry[]): Promise<void> {
  return replaceFile(file, `${JSON.stringify({ keys }, null, 2)}\n`);
}
