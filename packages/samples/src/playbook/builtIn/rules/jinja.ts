import { isScalar, isSeq } from 'yaml';
import { entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

// Ordinary expressions only: `{{-` and `{{"` are intended.
const tight = /\{\{[^\s{"'-]|[^\s}"'-]\}\}/g;

export const jinjaSpacing: Rule = {
  id: 'jinja[spacing]',
  severity: 'info',
  docs: 'A template without spaces inside its braces. Write {{ name }}.',
  scope: 'playbook',
  check: ({ values, text }) =>
    values.flatMap(({ range }) => {
      const [start, end] = [range?.[0] ?? 0, range?.[1] ?? 0];
      // On the text itself, so that offsets are right in blocks and quoted texts too.
      const [first] = text.slice(start, end).matchAll(tight);
      return first
        ? [{ offset: start + first.index, message: 'Put spaces inside the braces: {{ name }}.' }]
        : [];
    }),
};

const conditions = ['when', 'changed_when', 'failed_when', 'until'];

export const jinjaWhen: Rule = {
  id: 'no-jinja-when',
  severity: 'warning',
  docs: 'A condition is an expression already. Leave the braces out.',
  scope: 'taskOrBlock',
  check: item =>
    conditions.flatMap(key => {
      const value = entryOf(item, key)?.value;
      return (isSeq(value) ? value.items : [value]).flatMap(node =>
        isScalar(node) && /\{\{|\{%/.test(String(node.value))
          ? [{ offset: node.range?.[0] ?? item.offset, message: `Leave the braces out of ${key}.` }]
          : [],
      );
    }),
};

export const literalCompare: Rule = {
  id: 'literal-compare',
  severity: 'info',
  docs: 'A comparison with true or false. Write "when: name" or "when: not name".',
  scope: 'taskOrBlock',
  check: item => {
    const value = entryOf(item, 'when')?.value;
    return (isSeq(value) ? value.items : [value]).flatMap(node =>
      isScalar(node) && /[!=]=\s*(true|false)\b/i.test(String(node.value))
        ? [
            {
              offset: node.range?.[0] ?? item.offset,
              message: 'Write the condition without comparing it with true or false.',
            },
          ]
        : [],
    );
  },
};
