import {
  isMap,
  isNode,
  isScalar,
  type LineCounter,
  type Node,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { TaskSection } from './keywords.ts';

/** Something wrong at an offset of the text. */
export type Fault = { readonly offset: number; readonly message: string };

/** A key of a mapping with its value. */
export type Entry = {
  readonly key: string;
  readonly offset: number;
  /** `null` for a key without a value. */
  readonly value: Node | null;
};

/** The arguments of a task's module. */
export type ModuleArgs = {
  /** By name, from the module's own mapping, from `args` and from `name=value` words. */
  readonly values: ReadonlyMap<string, ArgValue>;
  /** The words that the module is given as one text, as in `command: ls -l`. */
  readonly freeForm: { readonly text: string; readonly offset: number } | undefined;
};

export type ArgValue = {
  /** As it is written. */
  readonly source: string;
  readonly offset: number;
  /** True for a text without quotes, which YAML may take for a number or a boolean. */
  readonly plain: boolean;
};

/** A task or a handler. */
export type Task = {
  readonly kind: 'task';
  readonly offset: number;
  readonly entries: readonly Entry[];
  readonly section: TaskSection;
  /** The keys that are no keywords: one in a task that is right. */
  readonly modules: readonly Entry[];
  /** The full or short name of the module as written, also of `action: NAME`; `undefined` unless there is just one. */
  readonly moduleName: string | undefined;
  readonly args: ModuleArgs;
};

/** Tasks that share keywords. */
export type Block = { readonly kind: 'block'; readonly offset: number; readonly entries: readonly Entry[] };

export type Play = {
  readonly offset: number;
  readonly entries: readonly Entry[];
  /** True for an `import_playbook`. */
  readonly isImport: boolean;
  /** In the order of the text, also those in blocks. */
  readonly tasks: readonly (Task | Block)[];
};

/** A playbook that has been read as far as it could be. */
export type Playbook = {
  readonly text: string;
  readonly lines: readonly string[];
  readonly lineCounter: LineCounter;
  readonly yamlErrors: readonly YAMLError[];
  /** Every text in it that is a value, not a key. */
  readonly values: readonly Scalar[];
  readonly mappings: readonly YAMLMap[];
  readonly plays: readonly Play[];
  /** Where it is no list of plays with lists of tasks. */
  readonly structureFaults: readonly Fault[];
};

/** The entry of a key, if there is one. */
export function entryOf(of: { readonly entries: readonly Entry[] }, key: string): Entry | undefined {
  return of.entries.find(entry => entry.key === key);
}

/** The keys of a mapping with their values; none for anything else. */
export function entriesOf(node: Node | null): Entry[] {
  if (!isMap(node)) return [];
  return node.items.map(({ key, value }) => ({
    // A key such as `on` is a boolean to YAML and a word to people.
    key: isScalar(key) ? (key.source ?? String(key.value)) : '',
    offset: offsetOf(isNode(key) ? key : node),
    value: isNode(value) ? value : null,
  }));
}

/** Where a node begins. */
export function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** Where the first task of this name begins; the beginning of the file when there is none. */
export function positionOfTask(
  { plays, lineCounter }: Playbook,
  name: string,
): { line: number; column: number } {
  const task = plays
    .flatMap(play => play.tasks)
    .find(item => {
      const value = entryOf(item, 'name')?.value;
      return isScalar(value) && value.value === name;
    });
  if (task === undefined) return { line: 1, column: 1 };
  const { line, col } = lineCounter.linePos(task.offset);
  return { line, column: col };
}
