#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createApiKey } from './apiKey.ts';
import { type ApiKeyEntry, apiKeyEntrySchema, readApiKeysFile } from './apiKeysFile.ts';
import { replaceFile, trustedKeyFile } from './keyFile.ts';

const usage = `Creates, lists and revokes API keys of a gateway.

  longhaul-keys create --file keys.json --owner ann [--role user|operator|admin] [--days 90] [--note "ann's laptop"]
  longhaul-keys list   --file keys.json
  longhaul-keys revoke --file keys.json --id 0123456789ab

The file (API_KEYS_FILE of the gateway) contains hashes of keys; a key is shown once, when it is created. Running gateways
apply a change within a second.`;

/** A mistake in the command line. */
class UsageError extends Error {}

const dayMs = 24 * 60 * 60 * 1_000;

async function main(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { file: text, owner: text, role: text, days: text, note: text, id: text },
  });
  const named = values.file ?? process.env.API_KEYS_FILE;
  if (named === undefined) throw new UsageError('Name the file: --file keys.json, or API_KEYS_FILE.');
  const file = await trustedKeyFile(named);
  const [command] = positionals;
  if (command === 'create') return create(file, values);
  if (command === 'list') return list(file);
  if (command === 'revoke') return revoke(file, values.id);
  throw new UsageError('Name the command: create, list or revoke.');
}

type CreateOptions = { readonly [option in 'owner' | 'role' | 'days' | 'note']?: string | undefined };

async function create(file: string, { owner, role, days, note }: CreateOptions): Promise<void> {
  const { key, id, sha256 } = createApiKey();
  const now = Date.now();
  const validDays = days === undefined ? undefined : Number(days);
  if (validDays !== undefined && !(validDays > 0 && validDays <= 36_500))
    throw new UsageError('--days must be a number above 0, at most 36500.');
  const entry = apiKeyEntrySchema.safeParse({
    id,
    sha256,
    owner,
    role,
    createdAt: new Date(now).toISOString(),
    expiresAt: validDays === undefined ? undefined : new Date(now + validDays * dayMs).toISOString(),
    note,
  });
  if (!entry.success)
    throw new UsageError(
      entry.error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}`).join('\n'),
    );
  await write(file, [...(await readIfThere(file)), entry.data]);
  process.stderr.write(`Key ${id} of ${entry.data.owner} (${entry.data.role}). It is shown only once:\n`);
  process.stdout.write(`${key}\n`);
}

async function list(file: string): Promise<void> {
  for (const { id, owner, role, createdAt, expiresAt, note } of await readApiKeysFile(file)) {
    const times = `${createdAt ?? 'unknown'} to ${expiresAt ?? 'no expiry'}`;
    process.stdout.write(`${id}  ${role}  ${owner}  ${times}${note === undefined ? '' : `  ${note}`}\n`);
  }
}

async function revoke(file: string, id: string | undefined): Promise<void> {
  if (id === undefined) throw new UsageError('Name the key: --id, as `list` shows it.');
  const keys = await readApiKeysFile(file);
  if (!keys.some(key => key.id === id)) throw new UsageError(`${file} has no key ${id}.`);
  await write(
    file,
    keys.filter(key => key.id !== id),
  );
  process.stderr.write(`Key ${id} is revoked.\n`);
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

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isUsageError =
    error instanceof UsageError ||
    (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  process.stderr.write(
    `${error instanceof Error ? error.message : error}\n${isUsageError ? `\n${usage}\n` : ''}`,
  );
  process.exitCode = 1;
}
