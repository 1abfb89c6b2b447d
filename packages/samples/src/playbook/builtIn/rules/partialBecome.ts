import { type Entry, entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

const message = 'become_user has no effect without become: true beside it.';

export const partialBecome: Rule = {
  id: 'partial-become',
  severity: 'warning',
  docs: 'become_user without become. Add become: true at the same level.',
  scope: 'taskOrBlock',
  check: item => partial(item),
};

export const partialBecomeOfPlay: Rule = {
  id: 'partial-become[play]',
  severity: 'warning',
  docs: 'become_user without become. Add become: true to the play.',
  scope: 'play',
  check: play => partial(play),
};

function partial(of: { readonly entries: readonly Entry[] }) {
  const user = entryOf(of, 'become_user');
  return user && !entryOf(of, 'become') ? [{ offset: user.offset, message }] : [];
}
