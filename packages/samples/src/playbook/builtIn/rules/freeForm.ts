import { shortModuleName } from '../moduleNames.ts';
import type { Rule } from '../rule.ts';

// Modules that are meant to be told in one text.
const takesText = new Set([
  'command',
  'shell',
  'raw',
  'script',
  'meta',
  'set_fact',
  'include_tasks',
  'import_tasks',
  'include_vars',
  'include',
  'group_by',
  'add_host',
  'expect',
  'win_command',
  'win_shell',
]);

export const freeForm: Rule = {
  id: 'no-free-form',
  severity: 'info',
  docs: 'Arguments as name=value words, in which quotes and types get lost. Write them as YAML keys.',
  scope: 'task',
  check: ({ moduleName = '', args, modules: [module] }) => {
    if (!module || !args.freeForm || takesText.has(shortModuleName(moduleName))) return [];
    if (!/(^|\s)[a-z_]+=/.test(args.freeForm.text)) return [];
    return [{ offset: module.offset, message: `Write the arguments of ${moduleName} as YAML keys.` }];
  },
};
