import { createClient } from '@longhaul/client';
import type { contract } from './contract.ts';

/** Tells of the number of running tasks whenever it may have changed, until the signal ends it. */
export async function countRunning(url: string, tell: (running: number) => void, signal: AbortSignal) {
  const { $tasks } = createClient<typeof contract>({ url });
  const running = new Set<string>();
  for await (const change of $tasks.watchList({ signal })) {
    if (change.type === 'changed') {
      for (const { id, status } of change.tasks) {
        if (status === 'RUNNING') running.add(id);
        else running.delete(id);
      }
      for (const id of change.gone) running.delete(id);
    } else {
      // At the beginning, after a lost connection, and when too much has changed at once: list again.
      running.clear();
      const { tasks } = await $tasks.list({ status: ['RUNNING'], limit: 200 });
      for (const { id } of tasks) running.add(id);
    }
    tell(running.size);
  }
}
