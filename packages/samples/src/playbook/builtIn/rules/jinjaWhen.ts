import { isScalar, isSeq } from 'yaml';
import { entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

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
