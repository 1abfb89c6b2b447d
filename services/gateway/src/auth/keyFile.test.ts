import { execFile } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { trustedKeyFile } from './keyFile.ts';

const run = promisify(execFile);
const tool = join(import.meta.dirname, 'keysCommand.ts');

let folder = '';
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'longhaul-keys-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const keys = (...args: string[]) => run(process.execPath, [tool, ...args], { cwd: folder });
const create = (file: string) => keys('create', '--file', file, '--owner', 'ann');
const gatewayErrorOf = (file: string, command = 'create') =>
  keys(command, '--file', file, '--owner', 'ann', '--id', '0123456789ab').then(
    () => 'not refused',
    (error: { readonly stderr: string }) => error.stderr,
  );
const keyCount = async (file: string) => JSON.parse(await readFile(file, 'utf8')).keys.length as number;

describe('the keys tool refuses a file that others can write', () => {
  it.each([0o620, 0o602, 0o666, 0o660])('of mode %i', async mode => {
    const file = join(folder, 'keys.json');
    await writeFile(file, '{"keys":[]}');
    await chmod(file, mode);
    const before = await readFile(file, 'utf8');
    await expect(trustedKeyFile(file)).rejects.toThrow(/Other users can write .*chmod go-w/);
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it.each(['create', 'list', 'revoke'])('whatever it is to do: %s', async command => {
    const file = join(folder, 'keys.json');
    await writeFile(file, '{"keys":[]}');
    await chmod(file, 0o622);
    expect(await gatewayErrorOf(file, command)).toMatch(/Other users can write .*chmod go-w/);
    expect(await readFile(file, 'utf8')).toBe('{"keys":[]}');
  });

  it('in a folder that everybody can write; not in one where nobody can replace the files of others', async () => {
    const open = join(folder, 'open');
    await mkdir(open);
    await chmod(open, 0o777);
    expect(await gatewayErrorOf(join(open, 'keys.json'))).toMatch(
      /The folder .*open can be written by all users/,
    );
    await chmod(open, 0o1777);
    await create(join(open, 'keys.json'));
  });

  it('by a link in such a folder, or to a file in one', async () => {
    const open = join(folder, 'open');
    const closed = join(folder, 'closed');
    await Promise.all([open, closed].map(path => mkdir(path)));
    await create(join(open, 'keys.json'));
    await create(join(closed, 'keys.json'));
    await symlink(join(open, 'keys.json'), join(closed, 'out'));
    await symlink(join(closed, 'keys.json'), join(open, 'in'));
    await chmod(open, 0o777);
    expect(await gatewayErrorOf(join(closed, 'out'))).toMatch(/The folder/);
    expect(await gatewayErrorOf(join(open, 'in'))).toMatch(/The folder/);
  });

  it('and a folder, and a link that leads in a circle', async () => {
    expect(await gatewayErrorOf(folder)).toMatch(/is not a file/);
    await symlink('b', join(folder, 'a'));
    await symlink('a', join(folder, 'b'));
    expect(await gatewayErrorOf(join(folder, 'a'))).toMatch(/is a loop of symbolic links/);
  });
});

describe('the keys tool keeps', () => {
  it('symbolic links: it writes through them, also one after the other, and where the file is not there yet', async () => {
    const shared = join(folder, 'shared');
    await mkdir(shared);
    await symlink('shared/keys.json', join(folder, 'one'));
    await symlink('one', join(folder, 'two'));
    await create('two');
    await create('one');
    for (const link of ['one', 'two']) expect((await lstat(join(folder, link))).isSymbolicLink()).toBe(true);
    expect(await keyCount(join(shared, 'keys.json'))).toBe(2);
    // In one step, from a draft that lies beside the file itself and is gone.
    expect(await readdir(shared)).toEqual(['keys.json']);
    expect((await readdir(folder)).toSorted()).toEqual(['one', 'shared', 'two']);
  });

  it("a file's mode; a new one is its owner's alone", async () => {
    const file = join(folder, 'keys.json');
    await create(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await chmod(file, 0o640);
    await create(file);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  it('a file that it cannot read as keys as it is', async () => {
    const file = join(folder, 'keys.json');
    await writeFile(file, 'none', { mode: 0o600 });
    expect(await gatewayErrorOf(file)).toMatch(/is not JSON/);
    expect(await readFile(file, 'utf8')).toBe('none');
  });
});
