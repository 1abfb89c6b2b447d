import { type Broker, lastLifecycle } from '@longhaul/broker';
import { fold, isTerminal, type TaskRecord } from '@longhaul/proto/wire';
import { patiently } from '../patiently.ts';
import type { LiveTap } from '../watch/liveTap.ts';

/**
 * Waits for a task's end. The result comes from the event itself, and not from the record, which is written later. Listens
 * to lifecycle events only: the end can follow any status, so no earlier event is needed.
 *
 * @param tap a tap of the task's lifecycle events that was opened before the task was read
 * @param isNew whether the task is started after the tap was opened, so that no earlier events need to be read
 * @returns the record at the end, or when the signal was aborted
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
      const last = await patiently(() => lastLifecycle(broker, record), signal);
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
 * Waits with a signal that is aborted after `limitMs` milliseconds, or with the first of the given signals.
 *
 * Every call of `result` uses this. It leaves neither a timer nor a listener, and costs a tenth of `AbortSignal.any` with
 * `AbortSignal.timeout`.
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
