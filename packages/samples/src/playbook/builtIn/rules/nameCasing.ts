import { isScalar } from 'yaml';
import { entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

export const nameCasing: Rule = {
  id: 'name[casing]',
  severity: 'info',
  docs: 'A name that begins with a small letter. Begin it with a capital, so that logs look the same.',
  scope: 'taskOrBlock',
  check: item => {
    const value = entryOf(item, 'name')?.value;
    if (!isScalar(value) || !/^\p{Ll}/u.test(String(value.value))) return [];
    return [{ offset: value.range?.[0] ?? item.offset, message: 'Begin the name with a capital letter.' }];
  },
};
