import { statuses, type TaskFilter, type TaskStatus } from '@longhaul/proto/browser';

/** A filter as the address has it, so that it can be bookmarked and sent. `within`: a time from now back. */
export type UrlFilter = {
  readonly status: readonly TaskStatus[];
  readonly name: string;
  readonly owner: string;
  readonly text: string;
  readonly within: Within | '';
};
export type Within = keyof typeof withinMs;
export const withinMs = { '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 };
export const noFilter: UrlFilter = { status: [], name: '', owner: '', text: '', within: '' };

const isStatus = (word: string): word is TaskStatus => statuses.some(status => status === word);
const isWithin = (word: string): word is Within => Object.hasOwn(withinMs, word);

/** What an address asks for. What it does not know of it leaves out. */
export function readUrlFilter(search: URLSearchParams): UrlFilter {
  const within = search.get('within') ?? '';
  return {
    status: (search.get('status') ?? '').toUpperCase().split(',').filter(isStatus),
    name: search.get('name') ?? '',
    owner: search.get('owner') ?? '',
    text: search.get('text') ?? '',
    within: isWithin(within) ? within : '',
  };
}

export function writeUrlFilter(filter: UrlFilter): URLSearchParams {
  const parts = { ...filter, status: filter.status.join(',').toLowerCase() };
  return new URLSearchParams(Object.entries(parts).filter(([, value]) => value !== ''));
}

/** What the gateway is asked for. */
export function toTaskFilter(filter: UrlFilter, nowMs: number): TaskFilter {
  const { status, name, owner, text, within } = filter;
  return {
    ...(status.length === 0 ? {} : { status }),
    ...(name === '' ? {} : { name }),
    ...(owner === '' ? {} : { owner }),
    ...(text === '' ? {} : { text }),
    ...(within === '' ? {} : { since: new Date(nowMs - withinMs[within]).toISOString() }),
  };
}

export function isFiltered(filter: UrlFilter): boolean {
  return writeUrlFilter(filter).size > 0;
}
