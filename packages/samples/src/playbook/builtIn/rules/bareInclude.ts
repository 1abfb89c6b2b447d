import { shortModuleName } from '../moduleNames.ts';
import type { Rule } from '../rule.ts';

export const bareInclude: Rule = {
  id: 'deprecated-include',
  severity: 'error',
  docs: 'The module "include" was removed in ansible-core 2.16. Use include_tasks or import_tasks.',
  scope: 'task',
  check: ({ moduleName = '', modules: [module] }) =>
    module && shortModuleName(moduleName) === 'include'
      ? [{ offset: module.offset, message: 'Use include_tasks or import_tasks instead of include.' }]
      : [],
};
