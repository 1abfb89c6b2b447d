import type { Rule } from '../rule.ts';

export const octalMode: Rule = {
  id: 'risky-octal',
  severity: 'error',
  docs: 'A mode such as 644 is a decimal number to YAML, and means something else. Write "0644".',
  scope: 'task',
  check: ({ args }) => {
    const mode = args.values.get('mode');
    if (!mode?.plain || !/^[1-7]\d{2,3}$/.test(mode.source)) return [];
    return [
      {
        offset: mode.offset,
        message: `Write the mode as "0${mode.source}": without quotes it is a decimal number.`,
      },
    ];
  },
};
