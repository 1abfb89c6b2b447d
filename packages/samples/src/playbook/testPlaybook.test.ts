import { describe, expect, it } from 'vitest';
import { absent, failure, installed, type Progress, test, withPlaybookFolder } from './testPlaybooks.ts';

withPlaybookFolder();

describe('playbook.test', () => {
  it('says how to install Ansible where there is none', async () => {
    expect(await failure(test({ path: 'good.yml' }, absent()))).toMatchObject({
      code: 'ENGINE_NOT_INSTALLED',
      message: expect.stringContaining('pipx install ansible-core'),
    });
  });

  it.each(['2.19', '2.16'])('checks the syntax (ansible-core %s)', async version => {
    expect(await test({ path: 'good.yml' }, installed(version))).toMatchObject({
      engine: 'ansible-playbook',
      mode: 'syntax',
      ok: true,
      findings: [],
      recap: null,
    });
    const output = await test({ path: 'conflict.yml' }, installed(version));
    expect(output).toMatchObject({ ok: false, summary: { errors: 1 } });
    expect(output.findings).toEqual([
      {
        rule: 'syntax-check',
        severity: 'error',
        message: 'conflicting action statements: ansible.builtin.debug, ansible.builtin.command',
        file: 'conflict.yml',
        line: 5,
        column: 7,
      },
    ]);
  });

  it('does no dry run unless it is allowed', async () => {
    expect(await failure(test({ path: 'good.yml', mode: 'check' }))).toMatchObject({
      code: 'CHECK_MODE_NOT_ALLOWED',
      message: expect.stringContaining('PLAYBOOK_ALLOW_CHECK=1'),
    });
  });

  it.each([
    ['2.19', 'Task failed: Module failed: File not found'],
    ['2.16', 'file not found'],
  ])('does a dry run, task by task (ansible-core %s)', async (version, message) => {
    const progress: Progress[] = [];
    const options = { ...installed(version), allowCheckMode: true };
    const output = await test({ path: 'dryRun.yml', mode: 'check' }, options, {
      onProgress: p => progress.push(p),
    });
    expect(output).toMatchObject({ ok: false, mode: 'check', recap: { ok: 2, failed: 1, ignored: 1 } });
    expect(output.findings).toEqual([
      expect.objectContaining({
        rule: 'task-failed',
        severity: 'error',
        message: expect.stringContaining(message),
        file: 'dryRun.yml',
        line: 15,
        column: 7,
      }),
    ]);
    expect(progress.filter(({ phase }) => phase === 'running')).toMatchObject([
      { description: 'Trying Say hello', taskNumber: 1, taskCount: 4 },
      { description: 'Trying Fail, but go on', taskNumber: 2 },
      { description: 'Trying Read a file that is not there', taskNumber: 3 },
    ]);
    const percents = progress.map(({ percent }) => percent);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
  });

  it.each(['2.19', '2.16'])('takes what is rescued as information (ansible-core %s)', async version => {
    const options = { ...installed(version), allowCheckMode: true };
    const output = await test({ path: 'rescued.yml', mode: 'check' }, options);
    expect(output).toMatchObject({
      ok: true,
      summary: { errors: 0, infos: 1 },
      recap: { rescued: 1, failed: 0 },
    });
    expect(output.findings[0]).toMatchObject({ severity: 'info', file: 'rescued.yml', line: 8 });
  });

  it('does no dry run of a playbook with a wrong syntax', async () => {
    const output = await test(
      { path: 'conflict.yml', mode: 'check' },
      { ...installed(), allowCheckMode: true },
    );
    expect(output).toMatchObject({ ok: false, mode: 'check', recap: null });
  });

  it('fails when Ansible crashes', async () => {
    expect(await failure(test({ content: '# crash' }))).toMatchObject({
      code: 'ENGINE_FAILED',
      data: { engine: 'ansible-playbook', exitCode: 250 },
    });
  });
});
