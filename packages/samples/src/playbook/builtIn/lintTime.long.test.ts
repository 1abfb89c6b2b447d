import { expect, test } from 'vitest';
import { lintText } from './lintText.ts';

const task = (text: string) =>
  `- hosts: all\n  tasks:\n    - name: A\n      ansible.builtin.shell: ${text}\n`;
const tasks = (one: string, count: number) => `- hosts: all\n  tasks:\n${one.repeat(count)}`;

/** Playbooks that parsers, patterns and rules take long over, by their length. */
const shapes: Readonly<Record<string, (length: number) => string>> = {
  'many tasks': n => tasks('    - shell: a b\n', n / 17),
  'many tasks in one line': n => `[{hosts: all, tasks: [${'{shell: a},'.repeat(n / 11)}]}]`,
  'many plays in one line': n => `[${'{a: 1},'.repeat(n / 7)}]`,
  'many plays': n => '- hosts: a\n'.repeat(n / 11),
  'many switched off in one line': n =>
    `[{hosts: all, tasks: [${'{shell: a},'.repeat(n / 22)}]}] #${' noqa:'.repeat(n / 12)}`,
  'spaces in a command': n => task(`a${' '.repeat(n)}b`),
  'free form without an end': n => task(`"${'a= '.repeat(n / 3)}`),
  'free form of words': n => task('a=b '.repeat(n / 4)),
  'quotes that never end': n => task(`a ${'\\" '.repeat(n / 3)}`),
  'braces that never end': n => task('{{ '.repeat(n / 3)),
  'braces without spaces': n => task('{{a}}'.repeat(n / 5)),
  'braces in braces': n => task('{'.repeat(n)),
  'a condition of equal signs': n => tasks(`    - shell: a\n      when: "${'= '.repeat(n / 2)}"\n`, 1),
  'a condition of spaces': n => tasks(`    - shell: a\n      when: "a ==${' '.repeat(n)}x"\n`, 1),
  'many handlers that there are not': n => tasks('    - shell: a\n      notify: b\n', n / 33),
  'handlers in one list': n => tasks(`    - shell: a\n      notify: [${'b,'.repeat(n / 2)}]\n`, 1),
  'names that repeat': n => tasks(`    - shell: a\n      vars: {${'a: 1,'.repeat(n / 5)}}\n`, 1),
  'many names': n =>
    tasks(
      `    - shell: a\n      vars: {${Array.from({ length: n / 8 }, (_, i) => `a${i}: 1,`).join('')}}\n`,
      1,
    ),
  'blocks in blocks': n =>
    `- hosts: all\n  tasks: [${'{block: ['.repeat(Math.min(n / 10, 400))}${']}'.repeat(Math.min(n / 10, 400))}]\n${'# a\n'.repeat(n / 4)}`,
  'lists in lists': n => '['.repeat(n),
  'objects in objects': n => '{a: '.repeat(n / 4),
  'aliases of aliases': n =>
    `- hosts: all\n  vars:\n    a0: &a0 [x]\n${Array.from({ length: n / 30 }, (_, i) => `    a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`).join('')}`,
  'merges of merges': n =>
    `- hosts: all\n  tasks:\n    - &a0 {shell: x}\n${Array.from({ length: n / 30 }, (_, i) => `    - &a${i + 1} {<<: [*a${i}, *a${i}]}\n`).join('')}`,
  comments: n => `- hosts: all\n${'  # a\n'.repeat(n / 6)}`,
  'a comment of spaces': n => `- hosts: all  #${' '.repeat(n)}noqq\n`,
  'empty lines': n => `- hosts: all${'\n'.repeat(n)}  vars: {}\n`,
  'a text over many lines': n => `- hosts: all\n  name: "a${'\n    b'.repeat(n / 6)}"\n`,
  'a folded text': n => `- hosts: all\n  name: >\n${'    b\n'.repeat(n / 6)}`,
  'a plain text over many lines': n => `- hosts: all\n  name: a\n${'    b\n'.repeat(n / 6)}`,
  documents: n => '---\n'.repeat(n / 4),
  'tags that there are not': n => `- hosts: all\n  vars: [${'!a b,'.repeat(n / 5)}]\n`,
  tabs: n => `- hosts: all\n${'\t'.repeat(n)}a: 1\n`,
  'what is not YAML': n => '}: ]'.repeat(n / 4),
};

/** The processor time of this thread alone: what else the machine does counts for nothing. */
async function costMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

test.each(Object.entries(shapes))(
  'checking a playbook takes time in proportion to its length: %s',
  async (_what, shape) => {
    const check = (text: string) => () =>
      lintText(text, 'a.yml', { signal: new AbortController().signal, onTask: () => {} });
    // As long as the contract lets a playbook be.
    const [small, large] = [shape(32_000), shape(256_000)];
    await check(small)();
    const one = await costMs(check(small));
    // Eight times the text: 64 times the time where it grows with the square.
    expect(await costMs(check(large))).toBeLessThan(24 * Math.max(one, 15));
  },
);
