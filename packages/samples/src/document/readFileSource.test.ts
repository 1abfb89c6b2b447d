import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFileSource } from './readFileSource.ts';

let base: string;
let allowedDirectory: string;
const read = async (path: string, maxBytes = 1_000) => {
  const { signal } = new AbortController();
  return Buffer.from(await readFileSource(path, { allowedDirectory, maxBytes, signal })).toString();
};
const refusal = (code: string, path: string) => expect.objectContaining({ code, data: { path } });

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'document-files-'));
  allowedDirectory = join(base, 'documents');
  await mkdir(join(allowedDirectory, 'inner/.git'), { recursive: true });
  await mkdir(join(base, 'documents-secret'));
  await writeFile(join(base, 'secret.txt'), 'secret');
  await writeFile(join(base, 'documents-secret/a.txt'), 'secret');
  await writeFile(join(allowedDirectory, 'a.txt'), 'hello');
  await writeFile(join(allowedDirectory, 'inner/b..c.txt'), 'dots');
  await writeFile(join(allowedDirectory, '.env'), 'secret');
  await writeFile(join(allowedDirectory, 'inner/.git/config'), 'secret');
  await writeFile(join(allowedDirectory, 'empty.txt'), '');
  await symlink(join(allowedDirectory, 'a.txt'), join(allowedDirectory, 'inside.txt'));
  await symlink(join(base, 'secret.txt'), join(allowedDirectory, 'outside.txt'));
  await symlink(base, join(allowedDirectory, 'up'));
  await symlink(join(allowedDirectory, '.env'), join(allowedDirectory, 'env.txt'));
  await symlink(join(allowedDirectory, 'circle'), join(allowedDirectory, 'circle'));
  await symlink(allowedDirectory, join(base, 'alias'));
  await promisify(execFile)('mkfifo', [join(allowedDirectory, 'pipe')]);
});
afterAll(() => rm(base, { recursive: true }));

describe('readFileSource', () => {
  it.each(['a.txt', './inner/../a.txt', 'inside.txt'])('reads %s', async path => {
    expect(await read(path)).toBe('hello');
  });

  it('reads an absolute path in the folder, an empty file, and a name with two dots in it', async () => {
    expect(await read(join(allowedDirectory, 'a.txt'))).toBe('hello');
    expect(await read('empty.txt')).toBe('');
    expect(await read('inner/b..c.txt')).toBe('dots');
  });

  it('takes a folder that is configured by a symbolic link under both its names', async () => {
    const options = {
      allowedDirectory: join(base, 'alias'),
      maxBytes: 99,
      signal: new AbortController().signal,
    };
    for (const path of ['a.txt', join(base, 'alias/a.txt'), join(allowedDirectory, 'a.txt')]) {
      expect(Buffer.from(await readFileSource(path, options)).toString()).toBe('hello');
    }
  });

  it.each([
    ['a parent', '../secret.txt'],
    ['a parent that does not exist', '../nothing.txt'],
    ['an absolute path', '/etc/hostname'],
    ['a sibling whose name begins like the folder', '../documents-secret/a.txt'],
    ['a link to a file outside', 'outside.txt'],
    ['a path through a linked folder', 'up/secret.txt'],
    ['a link in a circle', 'circle'],
    ['a hidden file', '.env'],
    ['a file in a hidden folder', 'inner/.git/config'],
    ['a link to a hidden file', 'env.txt'],
    ['a NUL byte', 'a.txt\0.md'],
    ['a folder', 'inner'],
    ['the folder itself', '.'],
    ['a FIFO, without waiting for a writer', 'pipe'],
    ['a name that is too long', 'x'.repeat(3_000)],
  ])('refuses %s', async (_, path) => {
    await expect(read(path)).rejects.toEqual(refusal('PATH_NOT_ALLOWED', path));
  });

  it.each(['nothing.txt', 'a.txt/b.txt'])('does not find %s', async path => {
    await expect(read(path)).rejects.toEqual(refusal('NOT_FOUND', path));
  });

  it('refuses a file over the limit by its size, without reading it', async () => {
    await writeFile(join(allowedDirectory, 'large.txt'), '');
    await truncate(join(allowedDirectory, 'large.txt'), 10 * 1024 ** 4);
    await expect(read('large.txt')).rejects.toMatchObject({
      code: 'TOO_LARGE',
      data: { maxBytes: 1_000, sizeBytes: 10 * 1024 ** 4 },
    });
    expect(await read('a.txt', 5)).toBe('hello');
  });

  it('says which folder is missing', async () => {
    const options = {
      allowedDirectory: join(base, 'gone'),
      maxBytes: 1,
      signal: new AbortController().signal,
    };
    await expect(readFileSource('a.txt', options)).rejects.toThrow(/DOCUMENT_DIR/);
  });

  it('stops at an abort', async () => {
    const reason = new Error('stop');
    const options = { allowedDirectory, maxBytes: 1_000, signal: AbortSignal.abort(reason) };
    await expect(readFileSource('a.txt', options)).rejects.toBe(reason);
  });
});
