import { shortModuleName } from '../moduleNames.ts';
import type { Rule } from '../rule.ts';

const runsCommands = new Set(['command', 'shell', 'raw', 'script']);

export const changedWhen: Rule = {
  id: 'no-changed-when',
  severity: 'warning',
  docs: 'A command is always reported as changed. Say when it changes something: changed_when, creates or removes.',
  scope: 'task',
  check: ({ section, entries, moduleName = '', args, offset }) => {
    if (!runsCommands.has(shortModuleName(moduleName)) || section === 'handlers') return [];
    if (args.values.has('creates') || args.values.has('removes')) return [];
    if (entries.some(({ key }) => key === 'changed_when')) return [];
    return [{ offset, message: 'Say when the command changes something: changed_when, creates or removes.' }];
  },
};
