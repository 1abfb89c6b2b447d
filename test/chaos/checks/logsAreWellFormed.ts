import type { Check } from './violation.ts';

/** No service wrote anything into an event log that does not fit the protocol. */
export const logsAreWellFormed: Check = ({ unfit }) =>
  unfit.map(({ seq, taskId, what }) => ({
    invariant: 'types-are-true',
    taskId,
    what: `message ${seq} does not fit the protocol: ${what}`,
  }));
