import type { Rule } from '../rule.ts';

const truthyWord = /^(yes|no|on|off|true|false)$/i;

export const truthy: Rule = {
  id: 'yaml[truthy]',
  severity: 'warning',
  docs: 'A word that YAML 1.1 takes for a boolean and YAML 1.2 for a text. Write true or false, or quote it.',
  scope: 'playbook',
  check: ({ values }) =>
    values.flatMap(({ type, source = '', range }) => {
      if (type !== 'PLAIN' || !truthyWord.test(source) || source === 'true' || source === 'false') return [];
      return [{ offset: range?.[0] ?? 0, message: `Write true or false instead of ${source}, or quote it.` }];
    }),
};
