import { createKey, listKeys, revokeKey } from '@longhaul/gateway/keys';
import { type OutputFlags, print, printJson, printTable, remark } from '../output/output.ts';
import { UsageError } from '../output/usageError.ts';

/** Which file of keys. */
export type KeyFileFlags = OutputFlags & { readonly file?: string | undefined };

/** Flags of `longhaul keys create`. */
export type CreateKeyFlags = KeyFileFlags & {
  readonly owner: string;
  readonly role?: 'user' | 'operator' | 'admin' | undefined;
  readonly days?: number | undefined;
  readonly note?: string | undefined;
};

/** `longhaul keys create`: prints the key, which is kept nowhere. */
export async function createKeyCommand(flags: CreateKeyFlags): Promise<undefined> {
  const { owner, role, days, note } = flags;
  const { key, info } = await asUsage(createKey(fileOf(flags), { owner, role, days, note }));
  if (flags.json) return printJson({ key, ...info });
  remark(`Key ${info.id} of ${info.owner} (${info.role}). It is shown only once:`);
  return print(key);
}

/** `longhaul keys list` */
export async function listKeysCommand(flags: KeyFileFlags): Promise<undefined> {
  const keys = await asUsage(listKeys(fileOf(flags)));
  if (flags.json) return printJson(keys);
  return printTable(
    ['ID', 'ROLE', 'OWNER', 'CREATED', 'EXPIRES', 'NOTE'],
    keys.map(({ id, role, owner, createdAt, expiresAt, note }) => [
      ...[id, role, owner, createdAt ?? '', expiresAt ?? 'never', note ?? ''],
    ]),
  );
}

/** `longhaul keys revoke ID` */
export async function revokeKeyCommand(id: string, flags: KeyFileFlags): Promise<undefined> {
  await asUsage(revokeKey(fileOf(flags), id));
  if (flags.json) return printJson({ id, revoked: true });
  return print(`Key ${id} is revoked.`);
}

function fileOf({ file }: KeyFileFlags): string {
  const named = file ?? process.env.API_KEYS_FILE;
  if (named) return named;
  throw new UsageError('Name the file of the keys: --file keys.json, or API_KEYS_FILE.');
}

/** What is wrong with a key file is a mistake in what the command line names. */
async function asUsage<T>(done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    if (error instanceof Error && /^(Keys|KeyFile|AuthConfig)Error$/.test(error.name))
      throw new UsageError(error.message);
    throw error;
  }
}
