import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { within } from '@longhaul/testing';
import { type Logger, pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { apiKeyId, createApiKey, hasHash, looksLikeApiKey } from './apiKey.ts';
import { ApiKeys } from './apiKeys.ts';
import { readApiKeysFile } from './apiKeysFile.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhaul-keys-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const nowMs = Date.parse('2026-06-01T00:00:00Z');
const entryOf = (made: { id: string; sha256: string }, more: object = {}) => ({
  id: made.id,
  sha256: made.sha256,
  owner: 'ann',
  ...more,
});
async function fileOf(name: string, keys: readonly object[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(`${path}.new`, JSON.stringify({ keys }));
  await rename(`${path}.new`, path);
  return path;
}

/** A logger, and a promise of its next line that has these words. */
function loggerThat(): { logger: Logger; said: (words: string) => Promise<void>; all: () => string } {
  let text = '';
  const waiting = new Set<() => void>();
  const logger = pino(
    { level: 'info' },
    {
      write: line => {
        text += line;
        for (const look of waiting) look();
      },
    },
  );
  const said = (words: string) => {
    const from = text.length;
    const found = Promise.withResolvers<void>();
    const look = () => {
      if (text.slice(from).includes(words)) found.resolve();
    };
    waiting.add(look);
    return within(`the log line "${words}"`, found.promise);
  };
  return { logger, said, all: () => text };
}

describe('a key', () => {
  test('is long, random and known by its id', () => {
    const one = createApiKey();
    const other = createApiKey();
    expect(one.key).toMatch(/^lh_[0-9a-z]{12}_[A-Za-z0-9_-]{43}$/);
    expect(apiKeyId(one.key)).toBe(one.id);
    expect(looksLikeApiKey(one.key)).toBe(true);
    expect(other.key).not.toBe(one.key);
    expect(one.sha256).not.toContain(one.key.slice(-20));
  });

  test.each([
    '',
    'lh_',
    'lh_0123456789ab_',
    'lh_0123456789ab_x',
    `x${createApiKey().key}`,
    `${createApiKey().key}=`,
  ])('"%s" is none', text => expect(apiKeyId(text)).toBeUndefined());

  test('has its hash and no other, nor the empty one', () => {
    const { key, sha256 } = createApiKey();
    expect(hasHash(key, Buffer.from(sha256, 'hex'))).toBe(true);
    expect(hasHash(key, Buffer.from(createApiKey().sha256, 'hex'))).toBe(false);
    expect(hasHash(key, undefined)).toBe(false);
    expect(hasHash(key, Buffer.alloc(32))).toBe(false);
  });
});

describe('the file', () => {
  const good = entryOf(createApiKey());
  test.each<[string, unknown, RegExp]>([
    ['no list', {}, /keys/],
    ['two of one id', { keys: [good, good] }, /same id/],
    ['no hash', { keys: [{ ...good, sha256: 'lh_secret' }] }, /sha256/],
    ['an unknown role', { keys: [{ ...good, role: 'root' }] }, /role/],
    ['a slip of the pen', { keys: [{ ...good, expires: '2026-01-01T00:00:00Z' }] }, /expires/],
    ['an owner without UTF-8', { keys: [{ ...good, owner: '\ud800' }] }, /owner/],
  ])('refuses %s', async (_what, content, why) => {
    const path = join(folder, 'bad.json');
    await writeFile(path, JSON.stringify(content));
    await expect(readApiKeysFile(path)).rejects.toThrow(
      expect.objectContaining({ code: 'BAD_API_KEYS_FILE', message: expect.stringMatching(why) }),
    );
  });

  test('that is missing or no JSON is refused without a word of its content', async () => {
    await expect(readApiKeysFile(join(folder, 'nowhere.json'))).rejects.toThrow(/ENOENT.*longhaul-keys/);
    const path = join(folder, 'text.json');
    await writeFile(path, 'very secret');
    await expect(readApiKeysFile(path)).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});

describe('the keys of a gateway', () => {
  const open = async (path: string, logger: Logger) => {
    const keys = new ApiKeys(path, logger);
    await keys.start(20);
    onTestFinished(() => keys.stop());
    return keys;
  };

  test('say whose they are; several may be one owner’s', async () => {
    const [one, two, root] = [createApiKey(), createApiKey(), createApiKey()];
    const path = await fileOf('several.json', [
      entryOf(one),
      entryOf(two, { expiresAt: '2026-06-01T00:00:01Z' }),
      entryOf(root, { owner: 'root', role: 'admin' }),
    ]);
    const keys = await open(path, loggerThat().logger);
    expect(keys.find(one.key, nowMs)).toMatchObject({ owner: 'ann', role: 'user' });
    expect(keys.find(two.key, nowMs)).toMatchObject({ owner: 'ann', expiresAtMs: nowMs + 1_000 });
    expect(keys.find(root.key, nowMs)).toMatchObject({ owner: 'root', role: 'admin' });
    expect(keys.find(`${one.key.slice(0, -1)}${one.key.endsWith('A') ? 'B' : 'A'}`, nowMs)).toBeUndefined();
    expect(keys.find(createApiKey().key, nowMs)).toBeUndefined();
    expect(() => keys.find(two.key, nowMs + 1_000)).toThrow(
      expect.objectContaining({ code: 'CREDENTIALS_EXPIRED' }),
    );
  });

  test('change with the file: new ones are good, removed and changed ones revoked, the rest stay as they are', async () => {
    const [stays, goes, changes, comes] = [createApiKey(), createApiKey(), createApiKey(), createApiKey()];
    const path = await fileOf('rotated.json', [entryOf(stays), entryOf(goes), entryOf(changes)]);
    const { logger, said } = loggerThat();
    const keys = await open(path, logger);
    const before = [stays, goes, changes].map(({ key }) => keys.find(key, nowMs)?.revoked);
    const readAgain = said('the API keys were reloaded');
    await fileOf('rotated.json', [
      entryOf(stays, { note: 'the same' }),
      entryOf(changes, { role: 'operator' }),
      entryOf(comes),
    ]);
    await readAgain;
    expect(before.map(revoked => revoked?.aborted)).toEqual([false, true, true]);
    expect(keys.find(goes.key, nowMs)).toBeUndefined();
    expect(keys.find(changes.key, nowMs)).toMatchObject({ role: 'operator' });
    expect(keys.find(changes.key, nowMs)?.revoked?.aborted).toBe(false);
    expect(keys.find(comes.key, nowMs)).toMatchObject({ owner: 'ann' });
  });

  test('outlive a broken file, which is named in the log without its content', async () => {
    const made = createApiKey();
    const path = await fileOf('broken.json', [entryOf(made)]);
    const { logger, said, all } = loggerThat();
    const keys = await open(path, logger);
    const stayed = said('the file of API keys could not be reloaded; the keys stay as they were');
    await writeFile(path, '{"keys":[{"secret":');
    await stayed;
    expect(keys.find(made.key, nowMs)).toMatchObject({ owner: 'ann' });
    expect(all()).not.toContain('secret');
  });

  test('are found behind a link that is pointed elsewhere, as mounted secrets are', async () => {
    const [old, fresh] = [createApiKey(), createApiKey()];
    const link = join(folder, 'link.json');
    await symlink(await fileOf('old.json', [entryOf(old)]), link);
    const { logger, said } = loggerThat();
    const keys = await open(link, logger);
    const readAgain = said('the API keys were reloaded');
    await symlink(await fileOf('fresh.json', [entryOf(fresh)]), `${link}.new`);
    await rename(`${link}.new`, link);
    await readAgain;
    expect(keys.find(old.key, nowMs)).toBeUndefined();
    expect(keys.find(fresh.key, nowMs)).toMatchObject({ owner: 'ann' });
  });
});

test('the command makes a key, lists it without its secret, and revokes it', async () => {
  const file = join(folder, 'made.json');
  const command = (...args: string[]) =>
    promisify(execFile)(process.execPath, [
      join(import.meta.dirname, 'keysCommand.ts'),
      ...args,
      '--file',
      file,
    ]);
  const made = await command(
    'create',
    '--owner',
    'ann',
    '--role',
    'operator',
    '--days',
    '1',
    '--note',
    'laptop',
  );
  const key = made.stdout.trim();
  const id = apiKeyId(key);
  expect(made.stderr).not.toContain(key);
  await command('create', '--owner', 'bob');
  const content = await readFile(file, 'utf8');
  expect(content).not.toContain(key.slice(-43));
  expect((await stat(file)).mode & 0o077).toBe(0);
  const [entry] = await readApiKeysFile(file);
  expect(entry).toMatchObject({ id, owner: 'ann', role: 'operator', note: 'laptop' });
  expect(Date.parse(entry?.expiresAt ?? '') - Date.parse(entry?.createdAt ?? '')).toBe(24 * 60 * 60 * 1_000);
  expect((await command('list')).stdout).toContain(`${id}  operator  ann`);
  await command('revoke', '--id', String(id));
  expect((await readApiKeysFile(file)).map(({ owner }) => owner)).toEqual(['bob']);
  await expect(command('create', '--owner', '')).rejects.toThrow(/--owner/);
  await expect(command('revoke', '--id', String(id))).rejects.toThrow(/has no key/);
  await expect(command('destroy')).rejects.toThrow(/create, list or revoke/);
});
