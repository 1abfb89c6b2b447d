import { isScalar } from 'yaml';
import { importKeywords, playKeywords, taskKeywords } from '../keywords.ts';
import { shortModuleName } from '../moduleNames.ts';
import { type Entry, entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

export const structure: Rule = {
  id: 'syntax-check[structure]',
  severity: 'error',
  docs: 'The file is no playbook: a list of plays, each with hosts and lists of tasks, or import_playbook.',
  scope: 'playbook',
  check: ({ structureFaults }) => structureFaults,
};

export const unknownKeyword: Rule = {
  id: 'syntax-check[unknown-keyword]',
  severity: 'error',
  docs: 'A word that Ansible does not know in a play, or beside import_playbook. Fix it or remove it.',
  scope: 'play',
  check: play => {
    const known = play.isImport ? importKeywords : playKeywords;
    return play.entries
      .filter(({ key }) => !known.has(key) && shortModuleName(key) !== 'import_playbook' && key !== '<<')
      .map(({ key, offset }) => ({
        offset,
        message: taskKeywords.has(key)
          ? `"${key}" belongs to a task, not to a play.`
          : `"${key}" is no keyword of ${play.isImport ? 'import_playbook' : 'a play'}.`,
      }));
  },
};

export const noModule: Rule = {
  id: 'syntax-check[no-module]',
  severity: 'error',
  docs: 'A task with nothing to do: it has keywords only.',
  scope: 'task',
  check: task =>
    task.modules.length === 0
      ? [{ offset: task.offset, message: 'The task names no module or action.' }]
      : [],
};

export const severalModules: Rule = {
  id: 'syntax-check[several-modules]',
  severity: 'error',
  docs: 'A task with more than one module, or with a keyword that Ansible does not know and takes for one.',
  scope: 'task',
  check: ({ modules }) => {
    const [first, second] = modules;
    if (!first || !second) return [];
    const names = modules.map(({ key }) => key).join(', ');
    const message = `Conflicting action statements: ${names}. Make two tasks of it, or fix the misspelt keyword.`;
    return [{ offset: second.offset, message }];
  },
};

const becomeMissing = 'become_user has no effect without become: true beside it.';

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
  return user && !entryOf(of, 'become') ? [{ offset: user.offset, message: becomeMissing }] : [];
}

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
