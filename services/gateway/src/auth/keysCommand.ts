#!/usr/bin/env node
import { parseArgs } from 'node:util';
import type { Role } from './caller.ts';
import { createKey, KeysError, listKeys, revokeKey } from './manageKeys.ts';

const usage = `Creates, lists and revokes API keys of a gateway. (\`longhaul keys\` does the same.)

  longhaul-keys create --file keys.json --owner ann [--role user|operator|admin] [--days 90] [--note "ann's laptop"]
  longhaul-keys list   --file keys.json
  longhaul-keys revoke --file keys.json --id 0123456789ab

The file (API_KEYS_FILE of the gateway) contains hashes of keys; a key is shown once, when it is created. Running gateways
apply a change within a second.`;

async function main(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...{ file: text, owner: text, role: text, days: text, note: text, id: text },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const file = values.file ?? process.env.API_KEYS_FILE;
  if (file === undefined) throw new KeysError('Name the file: --file keys.json, or API_KEYS_FILE.');
  const [command] = positionals;
  if (command === 'create') return create(file, values);
  if (command === 'list') return list(file);
  if (command === 'revoke') return revoke(file, values.id);
  throw new KeysError('Name the command: create, list or revoke.');
}

type CreateOptions = { readonly [option in 'owner' | 'role' | 'days' | 'note']?: string | undefined };

async function create(file: string, { owner, role, days, note }: CreateOptions): Promise<void> {
  const { key, info } = await createKey(file, {
    // What is missing or no role is refused by name.
    owner: owner as string,
    role: role as Role | undefined,
    days: days === undefined ? undefined : Number(days),
    note,
  });
  process.stderr.write(`Key ${info.id} of ${info.owner} (${info.role}). It is shown only once:\n`);
  process.stdout.write(`${key}\n`);
}

async function list(file: string): Promise<void> {
  for (const { id, owner, role, createdAt, expiresAt, note } of await listKeys(file)) {
    const times = `${createdAt ?? 'unknown'} to ${expiresAt ?? 'no expiry'}`;
    process.stdout.write(`${id}  ${role}  ${owner}  ${times}${note === undefined ? '' : `  ${note}`}\n`);
  }
}

async function revoke(file: string, id: string | undefined): Promise<void> {
  if (id === undefined) throw new KeysError('Name the key: --id, as `list` shows it.');
  await revokeKey(file, id);
  process.stderr.write(`Key ${id} is revoked.\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isUsageError =
    error instanceof KeysError ||
    (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  process.stderr.write(
    `${error instanceof Error ? error.message : error}\n${isUsageError ? `\n${usage}\n` : ''}`,
  );
  process.exitCode = 1;
}
