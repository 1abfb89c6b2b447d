import { isScalar } from 'yaml';
import { entriesOf, offsetOf } from '../entries.ts';
import { entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

const goodName = /^[A-Za-z_][A-Za-z0-9_]*$/;

export const variableNames: Rule = {
  id: 'var-naming',
  severity: 'error',
  docs: 'A name that cannot be used in templates: letters, digits and _ only, and no digit first.',
  scope: 'taskOrBlock',
  check: item => {
    const register = entryOf(item, 'register')?.value;
    const registered = isScalar(register)
      ? [{ key: String(register.value), offset: offsetOf(register) }]
      : [];
    return [...registered, ...entriesOf(entryOf(item, 'vars')?.value ?? null)]
      .filter(({ key }) => !goodName.test(key) && !key.includes('{{') && key !== '<<')
      .map(({ key, offset }) => ({
        offset,
        message: `"${key}" is no name of a variable: use letters, digits and _.`,
      }));
  },
};
