import { entriesOf } from '../entries.ts';
import type { Rule } from '../rule.ts';

export const duplicateKeys: Rule = {
  id: 'yaml[key-duplicates]',
  severity: 'error',
  docs: 'A key stands twice in one mapping. Ansible takes the last one without a word: remove one.',
  scope: 'playbook',
  check: ({ mappings }) =>
    mappings.flatMap(mapping => {
      const seen = new Set<string>();
      return entriesOf(mapping).flatMap(({ key, offset }) => {
        if (!seen.has(key)) {
          seen.add(key);
          return [];
        }
        return [{ offset, message: `The key "${key}" stands here for the second time.` }];
      });
    }),
};
