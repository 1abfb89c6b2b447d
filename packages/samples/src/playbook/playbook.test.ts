import { readdir, readFile, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { playbookOptionsFromEnv } from './index.ts';
import {
  absent,
  failure,
  folder,
  installed,
  lint,
  type Progress,
  playbooks,
  test,
  withPlaybookFolder,
} from './testPlaybooks.ts';

withPlaybookFolder();

describe('playbook.lint without ansible-lint', () => {
  it('uses the built-in checks and says so', async () => {
    const progress: Progress[] = [];
    const output = await lint({ path: 'habits.yml' }, absent(), { onProgress: p => progress.push(p) });
    expect(output).toMatchObject({
      engine: 'built-in',
      ok: false,
      truncated: false,
      summary: { errors: 2, warnings: 15, infos: 6 },
    });
    expect(output.findings[0]).toEqual({
      rule: 'name[play]',
      severity: 'warning',
      message: 'Give the play a name.',
      file: 'habits.yml',
      line: 1,
      column: 3,
    });
    expect(output.rules).toContainEqual({ id: 'no-tabs', help: expect.stringContaining('use spaces') });
    expect(output.rules).toHaveLength(new Set(output.findings.map(({ rule }) => rule)).size);
    const lines = output.findings.map(({ line }) => line);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
    expect(progress.map(({ description }) => description)).toEqual([
      'Reading the playbook',
      'Reading the YAML',
      ...[1, 2, 3, 4, 5, 6].map(number => `Checking task ${number} of 6`),
      'Found 23 things',
    ]);
    const percents = progress.map(({ percent }) => percent);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.at(-1)).toBe(100);
  });

  it('takes a playbook as text', async () => {
    const output = await lint({ content: '- hosts: all\n  task: []\n' });
    expect(output.ok).toBe(false);
    expect(output.findings.map(({ rule, file }) => [rule, file])).toEqual([
      ['name[play]', 'playbook.yml'],
      ['syntax-check[unknown-keyword]', 'playbook.yml'],
    ]);
    expect(await lint({ path: 'good.yml' })).toMatchObject({ ok: true, findings: [] });
  });

  it('gives 500 findings at most and counts them all', async () => {
    const content = `- name: A\n  hosts: all\n  tasks:\n${'    - ansible.builtin.ping:\n'.repeat(600)}`;
    const output = await lint({ content });
    expect(output.findings).toHaveLength(500);
    expect(output).toMatchObject({ truncated: true, summary: { warnings: 600 } });
  });

  it('fails when ansible-lint is what was asked for', async () => {
    expect(await failure(lint({ path: 'good.yml', engine: 'ansible-lint' }))).toMatchObject({
      code: 'ENGINE_NOT_INSTALLED',
      message: expect.stringContaining('pipx install ansible-lint'),
      data: { engine: 'ansible-lint', command: join(folder, 'absent') },
    });
  });
});

describe('playbook.lint with ansible-lint', () => {
  it('reports what it says', async () => {
    const output = await lint({ path: 'habits.yml' }, installed());
    expect(output).toMatchObject({
      engine: 'ansible-lint',
      ok: false,
      summary: { errors: 9, warnings: 14, infos: 0 },
    });
    expect(output.findings).toContainEqual({
      rule: 'package-latest',
      severity: 'warning',
      message: 'Package installs should not use latest. Task: install nginx',
      file: 'habits.yml',
      line: 5,
      column: 1,
    });
    expect(await lint({ path: 'good.yml' }, installed())).toMatchObject({
      engine: 'ansible-lint',
      ok: true,
      findings: [],
    });
  });

  it('gives it a playbook that came as text, and leaves no file behind', async () => {
    const output = await lint({ content: '# captured: badRegister\n' }, installed());
    expect(output.findings).toEqual([expect.objectContaining({ rule: 'syntax-check', line: 8, column: 17 })]);
    expect(await readdir(tmpdir())).toEqual([]);
  });

  it('uses the built-in checks when they are what was asked for', async () => {
    expect(await lint({ path: 'good.yml', engine: 'built-in' }, installed())).toMatchObject({
      engine: 'built-in',
    });
  });

  it('fails when it crashes', async () => {
    expect(await failure(lint({ content: '# crash' }, installed()))).toMatchObject({
      code: 'ENGINE_FAILED',
      data: { engine: 'ansible-lint', exitCode: 250, stderr: expect.stringContaining('MemoryError') },
    });
  });
});

describe('the playbook of both', () => {
  it('is a file in the folder, also one with a strange name', async () => {
    expect(await failure(lint({ path: 'none.yml' }))).toMatchObject({ code: 'PLAYBOOK_NOT_FOUND' });
    expect(await failure(lint({ path: 'empty' }))).toMatchObject({ code: 'PLAYBOOK_NOT_FOUND' });
    for (const path of ['../playbooks/../x.yml', '/etc/hosts', 'way-out.yml']) {
      expect(await failure(lint({ path }))).toMatchObject({ code: 'PATH_NOT_ALLOWED', data: { path } });
    }
    expect(await test({ path: '-link.yml' })).toMatchObject({ ok: true });
  });

  it('is not too large', async () => {
    const options = { ...absent(), maxBytes: 100 };
    expect(await failure(lint({ path: 'good.yml' }, options))).toMatchObject({
      code: 'PLAYBOOK_TOO_LARGE',
      data: { limitBytes: 100 },
    });
    expect(await failure(lint({ content: 'é'.repeat(51) }, options))).toMatchObject({ data: { bytes: 102 } });
  });

  it('is a path or a text', async () => {
    await expect(lint({})).rejects.toThrow('Give either path or content');
    await expect(lint({ path: 'a', content: 'b' })).rejects.toThrow('Give either path or content');
  });
});

describe('a cancel', () => {
  it.each([
    ['lint', lint],
    ['test', test],
  ] as const)(
    'ends the engine of playbook.%s within 200 ms, though it ignores SIGTERM',
    async (name, start) => {
      const abort = new AbortController();
      const reason = new Error('canceled');
      await writeFile(join(playbooks, `hang-${name}.yml`), '# hang');
      const files = watch(playbooks);
      const end = start({ path: `hang-${name}.yml` }, installed(), { signal: abort.signal }).catch(
        (error: unknown) => error,
      );
      const marker = `hang-${name}.yml.running`;
      for await (const { filename } of files) if (filename === marker) break;
      const pid = Number(await readFile(join(playbooks, marker), 'utf8'));
      expect(() => process.kill(pid, 0)).not.toThrow();
      const abortedAt = performance.now();
      abort.abort(reason);
      expect(await end).toBe(reason);
      expect(performance.now() - abortedAt).toBeLessThan(200);
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    },
  );
});

describe('the options', () => {
  it('come from the environment', () => {
    expect(
      playbookOptionsFromEnv({ PLAYBOOK_DIR: '/p', ANSIBLE_LINT: '', PLAYBOOK_ALLOW_CHECK: '1' }),
    ).toEqual({
      playbookFolder: '/p',
      ansibleLint: undefined,
      ansiblePlaybook: undefined,
      allowCheckMode: true,
    });
    expect(() => playbookOptionsFromEnv({ PLAYBOOK_ALLOW_CHECK: 'maybe' })).toThrow('PLAYBOOK_ALLOW_CHECK');
  });
});
