import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunHandlerOptions, runHandler } from '@longhaul/executor';
import type { InputOf, ProgressOf } from '@longhaul/proto';
import { afterAll, beforeAll, vi } from 'vitest';
import { sampleContract } from '../index.ts';
import { lintHandler, type PlaybookOptions, testHandler } from './index.ts';

const definitions = sampleContract.playbook;
export type Progress = ProgressOf<typeof definitions.lint>;

const fixtures = join(import.meta.dirname, 'fixtures');
/** A folder for this test file with stand-ins for Ansible in it. */
export let folder: string;
/** The playbooks that callers reach. */
export let playbooks: string;

/** Makes the folder before the tests of the file that calls this, and removes it after them. */
export function withPlaybookFolder(): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'playbook-test-'));
    playbooks = join(folder, 'playbooks');
    await mkdir(join(playbooks, 'empty'), { recursive: true });
    // A folder of its own for temporary files, so that one left behind shows.
    await mkdir(join(folder, 'tmp'));
    vi.stubEnv('TMPDIR', join(folder, 'tmp'));
    for (const name of await readdir(fixtures)) {
      if (name.endsWith('.yml')) await copyFile(join(fixtures, name), join(playbooks, name));
    }
    await symlink(join(fixtures, 'good.yml'), join(playbooks, 'way-out.yml'));
    await symlink('good.yml', join(playbooks, '-link.yml'));
    for (const version of ['2.19', '2.16']) {
      const program = join(folder, `ansible-${version}`);
      const [node, script] = [process.execPath, join(fixtures, 'fakeAnsible.ts')];
      await writeFile(program, `#!/bin/sh\nexec "${node}" "${script}" ${version} "$@"\n`);
      await chmod(program, 0o755);
    }
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
}

export const absent = () => ({
  ansibleLint: join(folder, 'absent'),
  ansiblePlaybook: join(folder, 'absent'),
});
export const installed = (version = '2.19') => ({
  ansibleLint: join(folder, `ansible-${version}`),
  ansiblePlaybook: join(folder, `ansible-${version}`),
});

type LintRun = RunHandlerOptions<typeof definitions.lint>;
export const lint = (
  input: InputOf<typeof definitions.lint>,
  options: PlaybookOptions = absent(),
  run: LintRun = {},
) => runHandler(definitions.lint, lintHandler({ playbookFolder: playbooks, ...options }), input, run);
export const test = (
  input: InputOf<typeof definitions.test>,
  options: PlaybookOptions = installed(),
  run: LintRun = {},
) => runHandler(definitions.test, testHandler({ playbookFolder: playbooks, ...options }), input, run);
export const failure = (run: Promise<unknown>) =>
  run.then(
    output => {
      throw new Error(`It succeeded: ${JSON.stringify(output)}`);
    },
    (error: unknown) => error,
  );
