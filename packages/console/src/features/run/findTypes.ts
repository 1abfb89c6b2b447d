import type { TaskType } from '@longhaul/proto/wire';

/** The types in which every word of a search is found, those with it in their names first. */
export function findTypes(types: readonly TaskType[], search: string): TaskType[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const named = ({ name, title = '' }: TaskType) => `${name} ${title}`.toLowerCase();
  const all = (type: TaskType) => `${named(type)} ${(type.description ?? '').toLowerCase()}`;
  const rank = (type: TaskType) => (words.every(word => named(type).includes(word)) ? 0 : 1);
  return types
    .filter(type => words.every(word => all(type).includes(word)))
    .sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
}
