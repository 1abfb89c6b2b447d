import type { Rule } from '../rule.ts';

export const newLineAtEnd: Rule = {
  id: 'yaml[new-line-at-end-of-file]',
  severity: 'info',
  docs: 'The last line does not end. End it, so that tools can append to the file.',
  scope: 'playbook',
  check: ({ text }) =>
    text.endsWith('\n') ? [] : [{ offset: text.length, message: 'No line break at the end.' }],
};
