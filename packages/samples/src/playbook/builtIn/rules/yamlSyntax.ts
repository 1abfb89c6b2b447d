import type { Rule } from '../rule.ts';

// One mistake makes many more errors behind it.
const maxErrors = 5;

export const yamlSyntax: Rule = {
  id: 'load-failure[yaml]',
  severity: 'error',
  docs: 'The file is no valid YAML, so Ansible cannot read it.',
  scope: 'playbook',
  check: ({ yamlErrors }) =>
    yamlErrors.slice(0, maxErrors).map(({ message, pos }) => ({
      offset: pos[0],
      message: /call stack/i.test(message) ? 'The YAML is nested far too deep.' : message,
    })),
};
