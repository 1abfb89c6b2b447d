import { isScalar, isSeq } from 'yaml';
import { entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

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
