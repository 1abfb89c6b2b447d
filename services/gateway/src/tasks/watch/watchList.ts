import { setTimeout } from 'node:timers/promises';
import type { ListChange, TaskSummary } from '@longhaul/proto/wire';
import { type Caller, maySee } from '../../auth/caller.ts';
import type { RecordIndex } from '../../records/recordIndex.ts';

/** How long changes are collected: of a task that changes often, only the latest state is sent. */
const collectMs = 200;
/** With more changed tasks, listing again is cheaper than sending each, and a slow reader would take more memory. */
export const changesLimit = 1_000;

/** Changes of a list cannot be resumed: a client that reconnects lists again. */
export type WatchedList = { readonly id: string; readonly change: ListChange };
const item = (change: ListChange): WatchedList => ({ id: '0', change });

/**
 * Streams the changes in a caller's lists, without end. A list that is read after `open`, together with these changes, misses
 * nothing. Changes are sent in batches, a few a second, also at thousands of changes a second.
 */
export async function* watchList(
  index: Pick<RecordIndex, 'listen'>,
  caller: Caller,
  signal: AbortSignal,
): AsyncGenerator<WatchedList, void, void> {
  const changed = new Map<string, { readonly summary: TaskSummary; readonly gone: boolean }>();
  let overflowed = false;
  let wake = Promise.withResolvers<void>();
  const aborted = () => wake.resolve();
  signal.addEventListener('abort', aborted, { once: true });
  const stop = index.listen((summary, gone) => {
    if (overflowed || !maySee(caller, summary.owner)) return;
    changed.set(summary.id, { summary, gone });
    if (changed.size > changesLimit) {
      overflowed = true;
      changed.clear();
    }
    wake.resolve();
  });
  try {
    yield item({ type: 'open' });
    while (!signal.aborted) {
      if (changed.size === 0 && !overflowed) {
        await wake.promise;
        wake = Promise.withResolvers();
        continue;
      }
      await setTimeout(collectMs, undefined, { signal }).catch(() => {});
      const latest = [...changed.values()];
      const reload = overflowed;
      changed.clear();
      overflowed = false;
      if (signal.aborted) return;
      yield item(
        reload
          ? { type: 'reload' }
          : {
              type: 'changed',
              tasks: latest.filter(({ gone }) => !gone).map(({ summary }) => summary),
              gone: latest.filter(({ gone }) => gone).map(({ summary }) => summary.id),
            },
      );
    }
  } finally {
    stop();
    signal.removeEventListener('abort', aborted);
  }
}
