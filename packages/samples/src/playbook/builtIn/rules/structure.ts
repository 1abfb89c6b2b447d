import type { Rule } from '../rule.ts';

export const structure: Rule = {
  id: 'syntax-check[structure]',
  severity: 'error',
  docs: 'The file is no playbook: a list of plays, each with hosts and lists of tasks, or import_playbook.',
  scope: 'playbook',
  check: ({ structureFaults }) => structureFaults,
};
