import { shortModuleName } from '../moduleNames.ts';
import type { Rule } from '../rule.ts';

const needsShell = /[&|<>;$\n*?`(){}~[\]]/;

export const commandInsteadOfShell: Rule = {
  id: 'command-instead-of-shell',
  severity: 'info',
  docs: 'A shell for a command that needs none. Use command: no character of it has a meaning to a shell.',
  scope: 'task',
  check: ({ moduleName = '', args, modules: [module] }) => {
    if (!module || shortModuleName(moduleName) !== 'shell' || args.values.has('executable')) return [];
    const line = args.freeForm?.text ?? args.values.get('cmd')?.source ?? '';
    return needsShell.test(line.trim())
      ? []
      : [{ offset: module.offset, message: 'Use command: it needs no shell.' }];
  },
};
