import { type Broker, lastLifecycle } from '@longhaul/broker';
import { fold, isTerminal, type TaskRecord } from '@longhaul/proto/wire';
import type { LiveTap } from '../watch/liveTap.ts';

/**
 * Waits for a task's end, so that a result comes from the event itself and not from the record that is written behind
 * it. Listens to the task's life alone: every status can be followed by an end, so nothing before it has to be known.
 *
 * @param tap of the task's lifecycle events, opened before anything was read of the task
 * @param isNew the task cannot have events yet, because it is started after the tap was opened: nothing is read first
 * @returns the record as far as it got: ended, or where the signal was aborted
 */
export async function awaitEnd(
  broker: Broker,
  tap: LiveTap,
  record: TaskRecord,
  signal: AbortSignal,
  isNew = false,
): Promise<TaskRecord> {
  let latest = record;
  let mayHaveMissed = !isNew;
  while (!signal.aborted && !isTerminal(latest.status)) {
    if (mayHaveMissed) {
      const last = await lastLifecycle(broker, record);
      if (last) latest = fold(latest, last) ?? latest;
      if (isTerminal(latest.status)) break;
    }
    const item = await tap.next(signal);
    if (item === 'closed') break;
    mayHaveMissed = item === 'refill';
    if (item !== 'refill' && item.entry.stored) latest = fold(latest, item.entry.stored) ?? latest;
  }
  return latest;
}

/**
 * Does something that waits, with a signal that is aborted after `limitMs`, or as soon as one of the others is.
 *
 * Each call of a task's result waits in this way. Nothing of it stays behind, neither timer nor listener, and it costs
 * a tenth of `AbortSignal.any` with `AbortSignal.timeout`.
 */
export async function withLimit<R>(
  limitMs: number,
  signals: readonly AbortSignal[],
  wait: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const limit = new AbortController();
  const end = () => limit.abort();
  const timer = setTimeout(end, limitMs);
  for (const signal of signals) {
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  }
  try {
    return await wait(limit.signal);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener('abort', end);
  }
}
