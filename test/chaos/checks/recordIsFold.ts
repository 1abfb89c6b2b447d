import { isDeepStrictEqual } from 'node:util';
import { fold, type TaskRecord } from '@longhaul/proto/wire';
import type { Check, Violation } from './violation.ts';

/** Every record equals the fold of its events, and every task with events has a record. */
export const recordIsFold: Check = ({ eventsOf, records }) => {
  const violations: Violation[] = [];
  for (const [taskId, events] of eventsOf) {
    const folded = events.reduce<TaskRecord | undefined>(fold, undefined);
    const record = records.get(taskId);
    // Through JSON, as the record went.
    const expected: unknown = folded && JSON.parse(JSON.stringify(folded));
    if (!folded) violations.push({ invariant: 'record-is-fold', taskId, what: 'its events make no record' });
    else if (!isDeepStrictEqual(record, expected)) {
      violations.push({
        invariant: 'record-is-fold',
        taskId,
        what: `record ${JSON.stringify(record)} is not the fold ${JSON.stringify(expected)}`,
      });
    }
  }
  return violations;
};
