import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseMessages } from './ansibleMessages.ts';
import { parseFailures, parseRecap, taskStartedIn } from './dryRun.ts';
import { parseSarif } from './sarif.ts';

// What ansible-lint 26.10 and ansible-core 2.19 and 2.16 have really said.
const captured = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'captured', name), 'utf8');

describe('the report of ansible-lint', () => {
  it('gives findings with how bad the rule says they are', () => {
    const { findings, help } = parseSarif(captured('lint-habits.sarif.json')) ?? {};
    expect(help?.get('no-jinja-when')).toMatch(
      /^``when`` is a raw Jinja2 expression.* https:.*no-jinja-when/,
    );
    expect(findings).toHaveLength(23);
    expect(findings).toContainEqual({
      rule: 'fqcn[action-core]',
      severity: 'warning',
      message: 'Use `ansible.builtin.apt` or `ansible.legacy.apt` instead.',
      file: 'habits.yml',
      line: 6,
      column: 7,
    });
    expect(findings).toContainEqual({
      rule: 'no-changed-when',
      severity: 'error',
      message: 'Commands should not change things if nothing needs doing. Task: Make',
      file: 'habits.yml',
      line: 14,
      column: 1,
    });
    const freeForm = findings?.find(({ rule }) => rule === 'no-free-form');
    expect(freeForm?.message).toBe('Avoid using free-form when calling module actions. (apt)');
  });

  it('is empty for a good playbook', () => {
    expect(parseSarif(captured('lint-good.sarif.json'))?.findings).toEqual([]);
  });

  it('calls what Ansible cannot load an error', () => {
    expect(parseSarif(captured('lint-conflict.sarif.json'))?.findings).toEqual([
      {
        rule: 'syntax-check[specific]',
        severity: 'error',
        message: 'conflicting action statements: ansible.builtin.debug, ansible.builtin.command',
        file: 'conflict.yml',
        line: 5,
        column: 7,
      },
    ]);
  });

  it('finds the error in an output of Ansible that ansible-lint did not understand', () => {
    expect(parseSarif(captured('lint-badRegister.sarif.json'))?.findings).toEqual([
      {
        rule: 'syntax-check',
        severity: 'error',
        message: "Invalid 'register' specified: Invalid variable name 'a-b'.",
        file: '/playbooks/badRegister.yml',
        line: 8,
        column: 17,
      },
    ]);
  });

  it('is not there when something else was written', () => {
    expect(parseSarif('')).toBeUndefined();
    expect(parseSarif('Traceback')).toBeUndefined();
    expect(parseSarif('{"runs":[{}]}')).toBeUndefined();
  });
});

describe('the messages of ansible-playbook', () => {
  const parse = (file: string) =>
    parseMessages(captured(file), 'syntax-check', 'fallback.yml').map(
      ({ severity, rule, file: path, line, column, message }) =>
        `${path}:${line}:${column} ${severity} ${rule} ${message}`,
    );

  it.each(['2.19', '2.16'])('tell place and fault (ansible-core %s)', version => {
    const message = 'conflicting action statements: ansible.builtin.debug, ansible.builtin.command';
    expect(parse(`syntax-conflict-${version}.stderr.txt`)).toEqual([
      `/playbooks/conflict.yml:5:7 error syntax-check ${message}`,
    ]);
  });

  it.each(['2.19', '2.16'])('tell why YAML is broken (ansible-core %s)', version => {
    expect(parse(`syntax-broken-${version}.stderr.txt`)).toEqual([
      expect.stringMatching(/^\/playbooks\/broken\.yml:4:8 error .*did not find expected ',' or '\]'/),
    ]);
  });

  it('tell warnings that name a place; others are about the machine', () => {
    expect(parse('syntax-mistakes-2.19.stderr.txt')).toEqual([
      "/playbooks/mistakes.yml:22:9 warning warning Found duplicate mapping key 'msg'.",
      "/playbooks/mistakes.yml:4:3 error syntax-check 'task' is not a valid attribute for a Play",
    ]);
    expect(parse('syntax-good-2.19.stderr.txt')).toEqual([]);
    expect(captured('syntax-good-2.19.stderr.txt')).toContain('[WARNING]');
  });

  it('are placed at the beginning of the playbook when they name no place', () => {
    expect(parseMessages('[ERROR]: no hosts\n\nmore', 'x', 'a.yml')).toEqual([
      { rule: 'x', severity: 'error', message: 'no hosts', file: 'a.yml', line: 1, column: 1 },
    ]);
  });
});

describe('a dry run', () => {
  const failures = (file: string) =>
    parseFailures(captured(file), name => ({ file: `(${name})`, line: 7, column: 3 })).map(
      ({ file: path, line, column, message }) => `${path}:${line}:${column} ${message}`,
    );

  it('fails where it fails, but not where the playbook ignores it', () => {
    expect(failures('check-dryRun-2.19.stdout.txt')).toEqual([
      expect.stringMatching(/^\/playbooks\/dryRun\.yml:15:7 Task failed: Module failed: File not found: /),
    ]);
    expect(failures('check-dryRun-2.16.stdout.txt')).toEqual([
      '(Read a file that is not there):7:3 file not found: /there/is/no/such/file',
    ]);
    expect(failures('check-habits-2.16.stdout.txt')).toEqual([
      expect.stringMatching(
        /^\/playbooks\/habits\.yml:24:13 The conditional check 'enabled == True' failed\./,
      ),
    ]);
  });

  it('counts', () => {
    const recap = { ok: 2, changed: 0, unreachable: 0, failed: 1, skipped: 0, rescued: 0, ignored: 1 };
    expect(parseRecap(captured('check-dryRun-2.19.stdout.txt'))).toEqual(recap);
    expect(parseRecap('TASK [A] ***\nok: [a]\n')).toBeNull();
    expect(parseRecap('PLAY RECAP ***\na : ok=1 failed=2\nb : ok=3 failed=0\n')).toMatchObject({
      ok: 4,
      failed: 2,
    });
  });

  it('says which task it begins', () => {
    expect(taskStartedIn('TASK [Say hello] *****')).toBe('Say hello');
    expect(taskStartedIn('RUNNING HANDLER [Restart [now]] ***')).toBe('Restart [now]');
    expect(taskStartedIn('ok: [localhost]')).toBeUndefined();
  });
});
