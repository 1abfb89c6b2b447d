import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
} from 'yaml';
import { blockSections, type TaskSection, taskKeywords, taskSections } from './keywords.ts';
import { shortModuleName } from './moduleNames.ts';
import {
  type Block,
  type Entry,
  entriesOf,
  entryOf,
  type Fault,
  offsetOf,
  type Play,
  type Playbook,
  type Task,
} from './playbookModel.ts';
import { actionName, readArgs } from './readArgs.ts';

/** Ansible's own tags: their values are texts. */
const customTags = ['!vault', '!vault-encrypted', '!unsafe'].map(tag => ({
  tag,
  resolve: (text: string) => text,
}));

/** Reads a playbook: never throws, and goes as far as it can. */
export function readPlaybook(text: string): Playbook {
  const lineCounter = new LineCounter();
  const structureFaults: Fault[] = [];
  const values: Scalar[] = [];
  const mappings: YAMLMap[] = [];
  const read = { text, lines: text.split(/\r\n|\n/), lineCounter, values, mappings, structureFaults };

  const document = parse(text, lineCounter);
  if (!document) {
    structureFaults.push({ offset: 0, message: 'The YAML is nested far too deep.' });
    return { ...read, yamlErrors: [], plays: [] };
  }
  const yamlErrors = [...document.errors, ...document.warnings];
  // With broken YAML the rest of the tree is guesswork, and its findings would hide the one that counts.
  if (document.errors.length > 0) return { ...read, yamlErrors, plays: [] };
  visit(document, {
    Map: (_key, node) => {
      mappings.push(node);
    },
    Scalar: (key, node) => {
      if (key !== 'key') values.push(node);
    },
  });
  return { ...read, yamlErrors, plays: readPlays(document.contents, structureFaults) };
}

function parse(text: string, lineCounter: LineCounter) {
  try {
    return parseDocument(text, {
      // As in Ansible's own reader, where `yes` is true and 0644 is octal.
      version: '1.1',
      lineCounter,
      customTags,
      prettyErrors: false,
      logLevel: 'silent',
      // A rule does that, in linear time.
      uniqueKeys: false,
    });
  } catch (error) {
    // The parser recurses: "[[[[…" runs it out of stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readPlays(contents: Node | null, faults: Fault[]): Play[] {
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    faults.push({ offset: 0, message: 'The playbook is empty: it needs a list of plays.' });
    return [];
  }
  if (!isSeq(contents)) {
    faults.push({
      offset: offsetOf(contents),
      message: 'A playbook is a list of plays: begin each with "- ".',
    });
    return [];
  }
  return (contents.items as Node[]).flatMap(item => {
    if (isAlias(item)) return [];
    if (isMap(item)) return [readPlay(item, faults)];
    faults.push({ offset: offsetOf(item), message: 'A play is a mapping with at least "hosts".' });
    return [];
  });
}

function readPlay(node: Node, faults: Fault[]): Play {
  const entries = entriesOf(node);
  const play = { offset: offsetOf(node), entries };
  const isImport = entries.some(({ key }) => shortModuleName(key) === 'import_playbook');
  if (!isImport && !entryOf(play, 'hosts'))
    faults.push({ offset: play.offset, message: withoutHosts(entries) });
  const roles = entryOf(play, 'roles');
  if (roles?.value && !isSeq(roles.value) && !isEmpty(roles.value)) {
    faults.push({ offset: roles.offset, message: '"roles" must be a list.' });
  }
  const tasks = taskSections.flatMap(section => {
    const entry = entryOf(play, section);
    return entry ? readTasks(entry, section, faults) : [];
  });
  return { ...play, isImport, tasks: tasks.sort((a, b) => a.offset - b.offset) };
}

function withoutHosts(entries: readonly Entry[]): string {
  if (entries.some(({ key }) => shortModuleName(key) === 'include')) {
    return 'Including playbooks with "include" was removed: use "import_playbook".';
  }
  const looksLikeTask = entries.some(({ key }) => key === 'block' || key.includes('.') || key === 'register');
  return looksLikeTask
    ? 'This looks like a task, not a play: put it in the "tasks" of a play with "hosts".'
    : 'A play needs "hosts".';
}

function readTasks(list: Entry, section: TaskSection, faults: Fault[]): (Task | Block)[] {
  if (list.value === null || isEmpty(list.value) || isAlias(list.value)) return [];
  if (!isSeq(list.value)) {
    faults.push({ offset: list.offset, message: `"${list.key}" must be a list of tasks.` });
    return [];
  }
  return (list.value.items as Node[]).flatMap(item => {
    if (isMap(item)) return readTask(item, section, faults);
    if (!isAlias(item))
      faults.push({ offset: offsetOf(item), message: `A task in "${list.key}" must be a mapping.` });
    return [];
  });
}

function readTask(node: Node, section: TaskSection, faults: Fault[]): (Task | Block)[] {
  const entries = entriesOf(node);
  const offset = offsetOf(node);
  if (entries.some(({ key }) => key === 'block')) {
    const block: Block = { kind: 'block', offset, entries };
    const inside = blockSections.flatMap(key => {
      const entry = entryOf(block, key);
      return entry ? readTasks(entry, section, faults) : [];
    });
    return [block, ...inside];
  }
  const modules = entries.filter(
    ({ key }) => !taskKeywords.has(key) && !key.startsWith('with_') && key !== '<<',
  );
  const [module] = modules;
  const single = modules.length === 1 ? module : undefined;
  return [
    {
      kind: 'task',
      offset,
      entries,
      section,
      modules,
      moduleName: single && (isAction(single.key) ? actionName(single.value) : single.key),
      args: single ? readArgs(single, { entries }) : { values: new Map(), freeForm: undefined },
    },
  ];
}

const isAction = (key: string) => key === 'action' || key === 'local_action';
const isEmpty = (node: Node) => isScalar(node) && node.value === null;
