import { isScalar, isSeq } from 'yaml';
import { shortModuleName } from '../moduleNames.ts';
import { type Entry, entriesOf, entryOf, offsetOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

export const playName: Rule = {
  id: 'name[play]',
  severity: 'warning',
  docs: 'A play without a name. Names tell readers of the log what is being done.',
  scope: 'play',
  check: play =>
    play.isImport || entryOf(play, 'name') ? [] : [{ offset: play.offset, message: 'Give the play a name.' }],
};

// Modules whose own names say what they do.
const speaksForItself = new Set([
  'meta',
  'import_tasks',
  'import_role',
  'include_tasks',
  'include_role',
  'debug',
  'assert',
]);

export const taskName: Rule = {
  id: 'name[missing]',
  severity: 'warning',
  docs: 'A task without a name. Names tell readers of the log what is being done.',
  scope: 'task',
  check: task =>
    entryOf(task, 'name') || speaksForItself.has(shortModuleName(task.moduleName ?? ''))
      ? []
      : [{ offset: task.offset, message: 'Give the task a name.' }],
};

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

const loadsMore = /^(include|import)_(tasks|role)$/;

export const unknownHandler: Rule = {
  id: 'handler[unknown]',
  severity: 'error',
  docs: 'A task notifies a handler that the play does not have, so it fails when it changes something.',
  scope: 'play',
  check: play => {
    const tasks = play.tasks.filter(item => item.kind === 'task');
    // Handlers can come from there too.
    if (
      entryOf(play, 'roles') ||
      tasks.some(({ moduleName = '' }) => loadsMore.test(shortModuleName(moduleName)))
    )
      return [];
    const handlers = tasks.filter(({ section }) => section === 'handlers');
    const names = new Set(
      handlers
        .flatMap(handler => ['name', 'listen'].flatMap(key => textsOf(entryOf(handler, key))))
        .map(({ text }) => text),
    );
    // A template can become any name.
    if ([...names].some(name => name.includes('{{'))) return [];
    return tasks
      .flatMap(task => textsOf(entryOf(task, 'notify')))
      .filter(({ text }) => !text.includes('{{') && !names.has(text))
      .map(({ text, offset }) => ({ offset, message: `There is no handler "${text}" in this play.` }));
  },
};

function textsOf(entry: Entry | undefined): { text: string; offset: number }[] {
  const nodes = isSeq(entry?.value) ? entry.value.items : [entry?.value];
  return nodes.flatMap(node =>
    isScalar(node) ? [{ text: String(node.value), offset: node.range?.[0] ?? 0 }] : [],
  );
}
