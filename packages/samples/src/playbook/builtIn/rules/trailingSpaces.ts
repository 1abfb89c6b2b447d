import type { Rule } from '../rule.ts';

export const trailingSpaces: Rule = {
  id: 'yaml[trailing-spaces]',
  severity: 'info',
  docs: 'Spaces at the end of a line. Remove them.',
  scope: 'playbook',
  check: ({ lines, lineCounter }) =>
    lines.flatMap((line, index) => {
      const end = line.trimEnd().length;
      if (end === line.length) return [];
      return [
        { offset: (lineCounter.lineStarts[index] ?? 0) + end, message: 'Spaces at the end of the line.' },
      ];
    }),
};
