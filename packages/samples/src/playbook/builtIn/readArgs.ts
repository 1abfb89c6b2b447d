import { isMap, isScalar, type Node } from 'yaml';
import { type ArgValue, type Entry, entriesOf, entryOf, type ModuleArgs } from './playbookModel.ts';

const nameAndValue = /(?<!\S)([a-z_]+)=("[^"]*"|'[^']*'|\S+)/g;

/** Reads the arguments of a module, in each way of writing them, together with the task's `args`. */
export function readArgs(module: Entry, task: { readonly entries: readonly Entry[] }): ModuleArgs {
  const values = new Map<string, ArgValue>();
  const extra = entryOf(task, 'args')?.value ?? null;
  for (const entry of [...entriesOf(module.value), ...entriesOf(extra)]) {
    if (entry.value === null || isScalar(entry.value))
      values.set(entry.key, argOf(entry.value, entry.offset));
    else values.set(entry.key, { source: '', offset: entry.offset, plain: false });
  }
  const { value } = module;
  if (!isScalar(value) || typeof value.value !== 'string') return { values, freeForm: undefined };
  const offset = value.range?.[0] ?? module.offset;
  for (const [, name, quoted] of value.value.matchAll(nameAndValue)) {
    if (name && quoted)
      values.set(name, { source: quoted.replace(/^(["'])(.*)\1$/, '$2'), offset, plain: false });
  }
  return { values, freeForm: { text: value.value, offset } };
}

/** Reads `action: copy src=a dest=b` and `action: { module: copy, src: a }`. */
export function actionName(value: Node | null): string | undefined {
  if (isScalar(value))
    return (
      String(value.value ?? '')
        .trim()
        .split(/\s+/)[0] || undefined
    );
  if (!isMap(value)) return undefined;
  const name = value.get('module');
  return typeof name === 'string' ? name : undefined;
}

function argOf(value: Entry['value'], offset: number): ArgValue {
  if (!isScalar(value)) return { source: '', offset, plain: true };
  return {
    source: value.source ?? String(value.value ?? ''),
    offset: value.range?.[0] ?? offset,
    plain: value.type === 'PLAIN',
  };
}
