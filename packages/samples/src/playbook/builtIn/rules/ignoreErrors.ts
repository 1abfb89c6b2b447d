import { isScalar } from 'yaml';
import { entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

export const ignoreErrors: Rule = {
  id: 'ignore-errors',
  severity: 'warning',
  docs: 'All errors of a task are ignored. Say with failed_when which are no errors, or register the result.',
  scope: 'taskOrBlock',
  check: item => {
    const ignore = entryOf(item, 'ignore_errors');
    if (!ignore || entryOf(item, 'register') || !isScalar(ignore.value) || ignore.value.value !== true)
      return [];
    return [
      {
        offset: ignore.offset,
        message: 'Use failed_when, or register the result, instead of ignoring all errors.',
      },
    ];
  },
};
