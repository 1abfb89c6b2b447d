import type { Rule } from '../rule.ts';

export const tabs: Rule = {
  id: 'no-tabs',
  severity: 'warning',
  docs: 'A tab. YAML refuses tabs as indentation, and elsewhere nobody sees how many spaces they are: use spaces.',
  scope: 'playbook',
  check: ({ lines, lineCounter }) =>
    lines.flatMap((line, index) => {
      const at = line.trimEnd().indexOf('\t');
      if (at < 0) return [];
      return [{ offset: (lineCounter.lineStarts[index] ?? 0) + at, message: 'A tab: use spaces.' }];
    }),
};
