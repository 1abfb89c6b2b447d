import { QueryCache, QueryClient, queryOptions } from '@tanstack/react-query';
import { onTokenChange } from './credentials.ts';
import { isPassing } from './faults.ts';
import { live } from './live.ts';
import { session } from './session.ts';
import { tasks } from './tasks.ts';

const longestWaitMs = 5_000;

/** What the page has read. Nothing is polled: changes and sign-ins tell what to read again. */
export function createQueryClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: error => session.refused(error) }),
    defaultOptions: {
      queries: {
        retry: (_count, error) => isPassing(error),
        retryDelay: tries => Math.min(longestWaitMs, 250 * 2 ** tries),
        refetchOnWindowFocus: false,
        // The gateway is often on this very machine, which needs no network for it.
        networkMode: 'always',
        staleTime: 5_000,
      },
      mutations: { networkMode: 'always', onError: error => void session.refused(error) },
    },
  });
  onTokenChange(() => void client.invalidateQueries());
  live.onChange(change => {
    if (change.type === 'changed')
      for (const { id } of change.tasks) void client.invalidateQueries({ queryKey: ['task', id] });
    else void client.invalidateQueries();
  });
  return client;
}

export const typesQuery = queryOptions({
  queryKey: ['types'],
  queryFn: () => tasks.$types.list(),
  staleTime: 60_000,
});

export const taskQuery = (id: string) =>
  queryOptions({ queryKey: ['task', id], queryFn: () => tasks.$tasks.get(id) });

export const schedulesQuery = queryOptions({
  queryKey: ['schedules'],
  queryFn: () => tasks.$schedules.list(),
});
