import { describe, expect, it } from 'vitest';
import { detectFormat } from './document/detectFormat.ts';
import { loadLanguageModel } from './document/languageModel.ts';
import { lintText } from './playbook/builtIn/lintText.ts';
import { parseRecap } from './playbook/engines/dryRun.ts';

/** What every object has without being given it: a name of a caller's that is looked up must not find these. */
const names = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];
const never = new AbortController().signal;
const lint = (text: string) => lintText(text, 'playbook.yml', { signal: never, onTask: () => {} });

describe.each(names)('the name %s', name => {
  /** The same playbook, but for the name: each place where a playbook has one. */
  const places: { readonly [place: string]: (name: string) => string } = {
    'a module': name => `- hosts: all\n  tasks:\n    - name: A\n      ${name}:\n        a: 1\n`,
    'a module of a collection': name =>
      `- hosts: all\n  tasks:\n    - name: A\n      ansible.builtin.${name}:\n        a: 1\n`,
    'an action': name => `- hosts: all\n  tasks:\n    - name: A\n      action: ${name} a=1\n`,
    'a command': name =>
      `- hosts: all\n  tasks:\n    - name: A\n      ansible.builtin.command: ${name} x\n      changed_when: false\n`,
    'an argument': name =>
      `- hosts: all\n  tasks:\n    - name: A\n      ansible.builtin.copy:\n        ${name}: 1\n        mode: '0600'\n`,
    'a variable': name => `- hosts: all\n  vars:\n    ${name}: 1\n  tasks: []\n`,
    'a registered variable': name =>
      `- hosts: all\n  tasks:\n    - name: A\n      ansible.builtin.ping:\n      register: ${name}\n`,
    'a handler': name =>
      `- hosts: all\n  tasks:\n    - name: A\n      ansible.builtin.ping:\n      notify: ${name}\n`,
    'a keyword of a play': name => `- hosts: all\n  ${name}: 1\n  tasks: []\n`,
    'a role': name => `- hosts: all\n  roles: [${name}]\n`,
  };
  it.each(Object.entries(places))('as %s is a name like any other', async (_place, playbook) => {
    const rulesOf = async (text: string) => (await lint(text)).map(({ rule }) => rule).toSorted();
    // Of the same letters: the rules about how names are written see no difference.
    const other = `${name.slice(0, -1)}${name.endsWith('x') ? 'y' : 'x'}`;
    const isDunder = name.startsWith('__') && name.endsWith('__');
    const found = await rulesOf(playbook(name));
    if (!isDunder) expect(found).toEqual(await rulesOf(playbook(other)));
    else expect(found).toEqual(expect.any(Array));
  });

  it('is no format, no content type, and no count', async () => {
    const bytes = Buffer.from('plain');
    expect(detectFormat({ bytes, location: `a.${name}`, contentType: undefined })).toBe('text');
    expect(() => detectFormat({ bytes, location: 'a', contentType: name })).toThrow(/not one of/);
    expect(parseRecap(`PLAY RECAP\nhost : ok=1 ${name}=2`)).toEqual(parseRecap('PLAY RECAP\nhost : ok=1'));
  });

  it('is a word of a document', async () => {
    const { read } = await loadLanguageModel();
    const { sentences } = read(`The ${name} is good. We like ${name} and ${name} a lot.`);
    expect(sentences.length).toBeGreaterThan(0);
    for (const { terms } of sentences) for (const term of terms) expect(term).toEqual(expect.any(String));
  });
});
