import { isScalar, isSeq } from 'yaml';
import { shortModuleName } from '../moduleNames.ts';
import { type Entry, entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

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
