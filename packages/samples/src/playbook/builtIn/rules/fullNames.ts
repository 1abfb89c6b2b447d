import { fullModuleNames } from '../moduleNames.ts';
import type { Rule } from '../rule.ts';

export const fullNames: Rule = {
  id: 'fqcn',
  severity: 'warning',
  docs: 'A module by its short name. The full name says which collection it comes from.',
  scope: 'task',
  check: ({ moduleName = '', modules: [module] }) => {
    const full = fullModuleNames.get(moduleName);
    if (!full || !module) return [];
    return [{ offset: module.offset, message: `Use ${full} instead of ${moduleName}.` }];
  },
};
