import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lintText } from './lintText.ts';
import { ruleTable } from './ruleTable.ts';

const never = new AbortController().signal;
const lint = (text: string) => lintText(text, 'playbook.yml', { signal: never, onTask: () => {} });
const fixture = (name: string) => readFileSync(join(import.meta.dirname, '..', 'fixtures', name), 'utf8');
const short = async (text: string) =>
  (await lint(text))
    .sort((a, b) => a.line - b.line || a.column - b.column || a.rule.localeCompare(b.rule))
    .map(({ line, column, rule }) => `${line}:${column} ${rule}`);

describe('real playbooks', () => {
  it('finds nothing in a good one', async () => {
    expect(await lint(fixture('good.yml'))).toEqual([]);
  });

  it('finds bad habits with their lines and columns', async () => {
    expect(await short(fixture('habits.yml'))).toEqual([
      '1:3 name[play]',
      '2:3 partial-become[play]',
      '4:7 command-instead-of-shell',
      '4:7 fqcn',
      '4:7 name[missing]',
      '4:7 no-changed-when',
      '5:13 name[casing]',
      '6:7 fqcn',
      '6:7 no-free-form',
      '6:12 package-latest',
      '8:7 risky-file-permissions',
      '10:27 jinja[spacing]',
      '11:13 no-jinja-when',
      '12:7 ignore-errors',
      '12:22 yaml[truthy]',
      '12:25 yaml[trailing-spaces]',
      '13:15 handler[unknown]',
      '14:7 command-instead-of-module',
      '14:7 no-changed-when',
      '20:15 risky-octal',
      '21:7 no-changed-when',
      '21:17 no-tabs',
      '24:13 literal-compare',
    ]);
  });

  it('finds mistakes that Ansible would stop at', async () => {
    const findings = await lint(fixture('mistakes.yml'));
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ line, rule }) => `${line} ${rule}`).sort()).toEqual(
      [
        '4 syntax-check[unknown-keyword]',
        '10 syntax-check[several-modules]',
        '14 syntax-check[several-modules]',
        '15 syntax-check[no-module]',
        '16 var-naming',
        '17 syntax-check[structure]',
        '18 deprecated-include',
        '22 yaml[key-duplicates]',
        '23 syntax-check[structure]',
        '24 syntax-check[structure]',
        '25 syntax-check[structure]',
        '25 syntax-check[unknown-keyword]',
        '28 syntax-check[unknown-keyword]',
      ].sort(),
    );
    expect(findings.find(({ line }) => line === 14)?.message).toContain('ansible.builtin.debug, whenn');
    expect(findings.find(({ rule }) => rule === 'yaml[key-duplicates]')?.message).toContain('"msg"');
  });

  it('finds where YAML ends to be YAML, and says nothing else', async () => {
    expect(await short(fixture('broken.yml'))).toEqual(['4:3 load-failure[yaml]']);
  });
});

/** Wraps a task into a playbook in which everything else is right; the task begins in line 5. */
const withTask = (task: string) =>
  `---\n- name: Play\n  hosts: all\n  tasks:\n${task
    .split('\n')
    .map(line => `    ${line}`.trimEnd())
    .join('\n')}\n`;

describe('tasks', () => {
  it.each<[rule: string | undefined, task: string, other?: string]>([
    // What is wrong with each, and that what is like it is right.
    ['no-changed-when', '- name: A\n  ansible.builtin.shell: a | b'],
    ['no-changed-when', '- name: A\n  action: raw uptime', 'fqcn'],
    [undefined, '- name: A\n  ansible.builtin.shell: a | b\n  changed_when: false'],
    [undefined, '- name: A\n  ansible.builtin.command: make creates=/a'],
    [undefined, '- name: A\n  ansible.builtin.command:\n    cmd: make\n    removes: /a'],
    [undefined, '- name: A\n  ansible.builtin.command: make\n  args:\n    creates: /a'],
    ['fqcn', '- name: A\n  ping:'],
    ['fqcn', '- name: A\n  local_action: ping'],
    ['fqcn', '- name: A\n  action:\n    module: ping'],
    [undefined, '- name: A\n  ansible.legacy.ping:'],
    [undefined, '- name: A\n  community.general.ufw:\n    state: enabled'],
    ['package-latest', '- name: A\n  community.general.npm:\n    name: x\n    state: latest'],
    [undefined, '- name: A\n  ansible.builtin.apt:\n    name: x\n    state: latest\n    only_upgrade: true'],
    [undefined, '- name: A\n  ansible.builtin.git:\n    repo: x\n    dest: /x\n    state: latest'],
    ['risky-file-permissions', '- name: A\n  ansible.builtin.file:\n    path: /x\n    state: directory'],
    [undefined, '- name: A\n  ansible.builtin.file:\n    path: /x\n    state: absent'],
    [
      'risky-file-permissions',
      '- name: A\n  ansible.builtin.lineinfile:\n    path: /x\n    line: x\n    create: true',
    ],
    [undefined, '- name: A\n  ansible.builtin.lineinfile:\n    path: /x\n    line: x'],
    [undefined, '- name: A\n  ansible.builtin.copy:\n    src: x\n    dest: /x\n    mode: preserve'],
    [undefined, '- name: A\n  ansible.builtin.copy:\n    src: x\n    dest: /x\n    mode: 0644'],
    ['risky-octal', '- name: A\n  ansible.builtin.copy:\n    src: x\n    dest: /x\n    mode: 755'],
    [
      'command-instead-of-module',
      '- name: A\n  ansible.builtin.command: /usr/bin/curl x\n  changed_when: true',
    ],
    ['command-instead-of-module', '- name: A\n  ansible.builtin.command: git clone x\n  changed_when: true'],
    [undefined, '- name: A\n  ansible.builtin.command: git log\n  changed_when: false'],
    [
      'command-instead-of-shell',
      '- name: A\n  ansible.builtin.shell:\n    cmd: make all\n  changed_when: true',
    ],
    [undefined, '- name: A\n  ansible.builtin.shell: make *.o\n  changed_when: true'],
    ['ignore-errors', '- name: A\n  ansible.builtin.ping:\n  ignore_errors: true'],
    [undefined, '- name: A\n  ansible.builtin.ping:\n  ignore_errors: true\n  register: a'],
    [undefined, '- name: A\n  ansible.builtin.ping:\n  ignore_errors: "{{ ansible_check_mode }}"'],
    ['no-jinja-when', "- name: A\n  ansible.builtin.ping:\n  when:\n    - a\n    - '{{ b }}'"],
    ['literal-compare', '- name: A\n  ansible.builtin.ping:\n  when: a != false'],
    ['var-naming', '- name: A\n  ansible.builtin.ping:\n  vars:\n    1st: x'],
    ['partial-become', '- name: A\n  ansible.builtin.ping:\n  become_user: x'],
    [undefined, '- name: A\n  ansible.builtin.ping:\n  become: true\n  become_user: x'],
    ['name[missing]', '- ansible.builtin.ping:'],
    [undefined, '- ansible.builtin.debug:\n    msg: x'],
    ['name[casing]', '- name: éclair\n  ansible.builtin.ping:'],
    ['yaml[truthy]', '- name: A\n  ansible.builtin.ping:\n  run_once: Yes'],
    [undefined, "- name: A\n  ansible.builtin.debug:\n    msg: 'yes'"],
    ['jinja[spacing]', '- name: A\n  ansible.builtin.debug:\n    msg: |\n      a\n      {{b}}'],
    [undefined, '- name: A\n  ansible.builtin.debug:\n    msg: "{{ b }} {{- c -}} {{ {\'a\': 1} }}"'],
    ['no-free-form', '- name: A\n  ansible.builtin.ping: data=x'],
    ['handler[unknown]', '- name: A\n  ansible.builtin.ping:\n  notify: [Nobody]'],
    ['syntax-check[no-module]', '- name: A\n  with_items: [a]'],
    [undefined, '- name: A\n  ansible.builtin.ping:\n  with_items: [a]'],
    ['yaml[line-length]', `- name: A\n  ansible.builtin.debug:\n    msg: ${'x'.repeat(200)}`],
    ['load-failure[yaml]', '- name: A\n  ansible.builtin.debug: !nobody x'],
    [
      undefined,
      '- name: A\n  ansible.builtin.debug:\n    msg: !unsafe "{{ x }}"\n  vars:\n    a: !vault |\n      $ANSIBLE_VAULT',
    ],
    [
      'no-changed-when',
      '- name: A\n  block:\n    - name: B\n      ansible.builtin.command: x\n  always:\n    - ansible.builtin.debug:',
    ],
  ])('%s: %s', async (rule, task, other) => {
    const found = [...new Set((await lint(withTask(task))).map(finding => finding.rule))].filter(
      id => id !== other,
    );
    expect(found).toEqual(rule === undefined ? [] : [rule]);
  });

  it('notes a rule that a comment switches off in its line, but no error', async () => {
    const task = (comment: string) => withTask(`- name: A\n  ping: ${comment}`);
    expect(await short(task('# why not'))).toEqual(['6:7 fqcn']);
    for (const comment of ['# noqa', '# noqa: fqcn', '# noqa name[missing], fqcn']) {
      expect(await short(task(comment))).toEqual([]);
    }
    expect(await short(task('# noqa: name[missing]'))).toEqual(['6:7 fqcn']);
    expect(await short('- hosts: all\n  name: A\n  nothing: x # noqa\n')).toEqual([
      '3:3 syntax-check[unknown-keyword]',
    ]);
  });
});

describe('plays', () => {
  it.each([
    ['', ['1:1 syntax-check[structure]', '1:1 yaml[new-line-at-end-of-file]']],
    ['# nothing\n', ['1:1 syntax-check[structure]']],
    ['hosts: all\n', ['1:1 syntax-check[structure]']],
    ['- all\n', ['1:3 syntax-check[structure]']],
    ['- name: A\n  hosts: all', ['2:13 yaml[new-line-at-end-of-file]']],
    ['- import_playbook: a.yml\n  when: true\n', []],
    ['- name: A\n  hosts: all\n  register: x\n', ['3:3 syntax-check[unknown-keyword]']],
    ['- name: A\n  hosts: all\n  roles: web\n', ['3:3 syntax-check[structure]']],
    ['- name: A\n  hosts: all\n- b: [\n', ['4:1 load-failure[yaml]']],
    ['- name: A\r\n  hosts: all \r\n', ['2:13 yaml[trailing-spaces]']],
  ])('%j', async (text, expected) => {
    expect(await short(text)).toEqual(expected);
  });

  it('takes handlers by name, by topic and from roles', async () => {
    const play = (rest: string) =>
      `- name: A\n  hosts: all\n  tasks:\n    - name: B\n      ansible.builtin.ping:\n      notify: [One, Two]\n${rest}`;
    const handlers = (key: string) =>
      `  handlers:\n    - name: One\n      ansible.builtin.ping:\n    - name: Other\n      ansible.builtin.ping:\n      ${key}: Two\n`;
    expect(await short(play(handlers('listen')))).toEqual([]);
    expect(await short(play(handlers('register')))).toEqual(['6:21 handler[unknown]']);
    expect(await short(play('  roles: [web]\n'))).toEqual([]);
  });
});

describe('hostile texts', () => {
  it('says that a text is nested too deep', async () => {
    const findings = await lint('['.repeat(100_000));
    expect(findings.map(({ message }) => message)).toContain('The YAML is nested far too deep.');
  });

  it('expands no aliases', async () => {
    const text = `- hosts: all\n  name: A\n  vars:\n    a: &a [x, x]\n    b: &b [*a, *a]\n    c: &c [*b, *b]\n  tasks: *c\n`;
    expect(await lint(text)).toEqual([]);
  });

  it('reads a mapping of many keys in linear time', async () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `    a${i}: 1`).join('\n');
    const startedAt = performance.now();
    expect(await lint(`- hosts: all\n  name: A\n  vars:\n${keys}\n`)).toEqual([]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('ends when its signal is aborted', async () => {
    const abort = new AbortController();
    const reason = new Error('canceled');
    const seen: number[] = [];
    const run = lintText(fixture('habits.yml'), 'playbook.yml', {
      signal: abort.signal,
      onTask: (number, count) => {
        seen.push(number);
        expect(count).toBe(6);
        if (number === 2) abort.abort(reason);
      },
    });
    await expect(run).rejects.toBe(reason);
    expect(seen).toEqual([1, 2]);
  });
});

describe('the table', () => {
  it('names each rule once and says what it is for', () => {
    const ids = ruleTable.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { docs } of ruleTable) expect(docs).toMatch(/^\S.{20,}\.$/);
  });
});
