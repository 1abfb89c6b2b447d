import type { Rule } from '../rule.ts';

export const severalModules: Rule = {
  id: 'syntax-check[several-modules]',
  severity: 'error',
  docs: 'A task with more than one module, or with a keyword that Ansible does not know and takes for one.',
  scope: 'task',
  check: ({ modules }) => {
    const [first, second] = modules;
    if (!first || !second) return [];
    const names = modules.map(({ key }) => key).join(', ');
    const message = `Conflicting action statements: ${names}. Make two tasks of it, or mend the misspelt keyword.`;
    return [{ offset: second.offset, message }];
  },
};
