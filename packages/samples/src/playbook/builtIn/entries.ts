import { isMap, isNode, isScalar, type Node } from 'yaml';
import type { Entry } from './playbookModel.ts';

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
