import type { Rule } from '../rule.ts';

export const noModule: Rule = {
  id: 'syntax-check[no-module]',
  severity: 'error',
  docs: 'A task that says nothing to do: it has keywords only.',
  scope: 'task',
  check: task =>
    task.modules.length === 0
      ? [{ offset: task.offset, message: 'The task names no module or action.' }]
      : [],
};
