import type { SystemEvent } from '@longhaul/proto/wire';
import { onTokenChange } from './credentials.ts';
import { nextToken, session } from './session.ts';
import { tasks } from './tasks.ts';

export type Snapshot = Extract<SystemEvent, { type: 'snapshot' }>;

/** How far a time series looks back, and in how many points. */
export type Range = { readonly lastMs: number; readonly buckets: number };

/**
 * Follows the overview of the system while the page is visible. The result ends it.
 *
 * @param onSnapshot called with each, and `undefined` while NATS does not answer
 */
export function followSystem(range: Range, onSnapshot: (snapshot: Snapshot | undefined) => void): () => void {
  let run: AbortController | undefined;
  const read = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      try {
        for await (const event of tasks.$system.watch({ throughput: range, signal })) {
          if (signal.aborted) return;
          onSnapshot(event.type === 'snapshot' ? event : undefined);
        }
      } catch (error) {
        if (signal.aborted) return;
        session.refused(error);
        await nextToken(signal).catch(() => {});
      }
    }
  };
  const follow = () => {
    run?.abort();
    run = undefined;
    if (document.hidden) return;
    run = new AbortController();
    void read(run.signal);
  };
  document.addEventListener('visibilitychange', follow);
  const stopTokens = onTokenChange(follow);
  follow();
  return () => {
    run?.abort();
    stopTokens();
    document.removeEventListener('visibilitychange', follow);
  };
}
