import { fold, isTerminal, type StoredEvent, type TaskRecord } from '@longhaul/proto';

/**
 * Folds a task's events onto its record until it has ended, so that a result comes from the event itself and not
 * from the record that is written behind it.
 *
 * @returns the record as far as it got: ended, or where the events ended
 */
export async function awaitEnd(record: TaskRecord, events: AsyncIterable<StoredEvent>): Promise<TaskRecord> {
  let latest = record;
  if (isTerminal(latest.status)) return latest;
  for await (const event of events) {
    latest = fold(latest, event) ?? latest;
    if (isTerminal(latest.status)) return latest;
  }
  return latest;
}
