import { isDeepStrictEqual } from 'node:util';
import { fold, type TaskRecord } from '@longhaul/proto/wire';
import type { DatedEvent } from '../eventArchive.ts';
import { isDestroyed, mayHaveNoRecord } from '../losses.ts';
import type { Check, Violation } from './violation.ts';

/**
 * Every record equals the fold of its events, and every task with events has a record. Of a history that was deleted
 * with its stream the record has as much as was folded by then: some first part of it.
 */
export const recordIsFold: Check = evidence => {
  const { eventsOf, records } = evidence;
  const violations: Violation[] = [];
  for (const [taskId, events] of eventsOf) {
    const record = records.get(taskId);
    const kept = events.filter(event => !isDestroyed(evidence, event));
    if (!record && kept.length === 0 && mayHaveNoRecord(evidence, taskId, 0)) continue;
    const lost = events.slice(0, events.length - kept.length);
    const folds = Array.from({ length: lost.length + 1 }, (_, count) =>
      foldOf([...lost.slice(0, lost.length - count), ...kept]),
    );
    if (folds.some(folded => folded && isDeepStrictEqual(record, folded))) continue;
    const what = folds[0]
      ? `record ${JSON.stringify(record)} is not the fold ${JSON.stringify(folds[0])}`
      : 'its events make no record';
    violations.push({ invariant: 'record-is-fold', taskId, what });
  }
  return violations;
};

function foldOf(events: readonly DatedEvent[]): unknown {
  const folded = events.reduce<TaskRecord | undefined>(fold, undefined);
  // Through JSON, as the record went.
  return folded && JSON.parse(JSON.stringify(folded));
}
