import { mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runHandler } from '@longhaul/executor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { transcribeHandler } from './audio/index.ts';
import { analyzeDocumentHandler, documentOptions } from './document/index.ts';
import { ownFolder } from './folders.ts';
import { sampleContract } from './index.ts';
import { lintHandler } from './playbook/index.ts';

/** A working folder with what the guide has people keep there. */
let working = '';
let before = '';
beforeEach(async () => {
  working = await realpath(await mkdtemp(join(tmpdir(), 'longhaul-working-')));
  await writeFile(join(working, 'keys.json'), '{"keys":[]}');
  before = process.cwd();
  process.chdir(working);
});
afterEach(async () => {
  process.chdir(before);
  await rm(working, { recursive: true, force: true });
});

describe('a task that reads files has an empty folder of its own where none is configured', () => {
  it.each(['audio', 'documents', 'playbooks'] as const)('%s', async name => {
    const folder = ownFolder(name);
    expect(folder.startsWith(join(working, '.longhaul', 'files'))).toBe(true);
    expect(await readdir(folder)).toEqual([]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    // Again, it is the same.
    await writeFile(join(folder, 'kept'), '');
    expect(ownFolder(name)).toBe(folder);
    expect(await readdir(folder)).toEqual(['kept']);
  });

  const { audio, document, playbook } = sampleContract;
  const readers: { readonly [task: string]: (path: string) => Promise<unknown> } = {
    'document.analyze': path =>
      runHandler(document.analyze, analyzeDocumentHandler(documentOptions({})), { path }),
    'playbook.lint': path => runHandler(playbook.lint, lintHandler({}), { path }),
    'audio.transcribe': path =>
      runHandler(audio.transcribe, transcribeHandler({ command: 'true' }), { directory: path }),
  };
  describe.each(Object.entries(readers))('%s', (_task, read) => {
    it.each([['keys.json'], ['../../../keys.json'], ['../../..']])(
      'cannot read %s of the working folder',
      async path => {
        await expect(read(path)).rejects.toMatchObject({
          code: expect.stringMatching(/NOT_FOUND|NOT_ALLOWED|UNREADABLE/),
        });
        await expect(read(join(working, path))).rejects.toMatchObject({
          code: expect.stringMatching(/NOT_FOUND|NOT_ALLOWED|UNREADABLE/),
        });
      },
    );
  });
});
