import type { Rule } from '../rule.ts';

const maxChars = 160;

export const lineLength: Rule = {
  id: 'yaml[line-length]',
  severity: 'info',
  docs: 'A line of more than 160 characters. Break it with ">-" or "|".',
  scope: 'playbook',
  check: ({ lines, lineCounter }) =>
    lines.flatMap((line, index) => {
      if (line.length <= maxChars) return [];
      const offset = (lineCounter.lineStarts[index] ?? 0) + maxChars;
      return [{ offset, message: `The line has ${line.length} characters, more than ${maxChars}.` }];
    }),
};
