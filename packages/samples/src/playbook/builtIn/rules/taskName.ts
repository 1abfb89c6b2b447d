import { shortModuleName } from '../moduleNames.ts';
import { entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

// What it does is said by its own name.
const speaksForItself = new Set([
  'meta',
  'import_tasks',
  'import_role',
  'include_tasks',
  'include_role',
  'debug',
  'assert',
]);

export const taskName: Rule = {
  id: 'name[missing]',
  severity: 'warning',
  docs: 'A task without a name. Names tell whoever reads the log what is being done.',
  scope: 'task',
  check: task =>
    entryOf(task, 'name') || speaksForItself.has(shortModuleName(task.moduleName ?? ''))
      ? []
      : [{ offset: task.offset, message: 'Give the task a name.' }],
};
