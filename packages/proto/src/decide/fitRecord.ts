import type { TaskRecord } from '../wire/record.ts';

/** The parts of a record that can be large, in the order in which they are given up. */
const largeParts = ['progress', 'input', 'output', 'error'] as const;

/**
 * Makes a record fit one message. What Longhaul writes fits; an executor in another language may write events so
 * large that their fold does not, and one such task must not stop the projection of all others.
 *
 * @param size measures a record, in bytes as it is written
 * @returns the record, or one whose largest parts are left out and named in `omitted`; its status is right in any case
 */
export function fitRecord(
  record: TaskRecord,
  limitBytes: number,
  size: (record: TaskRecord) => number,
): TaskRecord {
  if (size(record) <= limitBytes) return record;
  let fitting: TaskRecord = {
    ...record,
    // Each attempt repeats an error.
    attempts: record.attempts.map(({ error: _error, ...attempt }) => attempt),
    omitted: ['attempts'],
  };
  for (const part of largeParts) {
    if (size(fitting) <= limitBytes) break;
    const omitted = [...(fitting.omitted ?? []), part];
    fitting =
      part === 'error' && fitting.error
        ? {
            ...fitting,
            error: { code: fitting.error.code.slice(0, 100), message: fitting.error.message.slice(0, 1_000) },
            omitted,
          }
        : { ...fitting, [part]: undefined, omitted };
  }
  return fitting;
}
