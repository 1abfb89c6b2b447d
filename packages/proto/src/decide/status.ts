import {
  type ActiveStatus,
  type LifecycleType,
  statuses,
  type TaskStatus,
  type TerminalStatus,
} from '../wire/status.ts';

type Moves = { readonly [E in LifecycleType]?: TaskStatus };

const endings: Moves = { completed: 'COMPLETED', failed: 'FAILED', canceled: 'CANCELED' };
/** An attempt shorter than the hold-back of `started` ends, or retries, without one: so each may come first. */
const fromWaiting: Moves = { started: 'RUNNING', retrying: 'RETRYING', stopping: 'STOPPING', ...endings };

/**
 * The transition table: which status follows which event. What is not in it is no transition, and the event is
 * ignored. Nothing else in the system decides this.
 */
export const transitions: { readonly [S in TaskStatus]: Moves } = {
  SCHEDULED: fromWaiting,
  // A task that was released while a pause was requested can be resumed before another attempt.
  PENDING: { ...fromWaiting, resumed: 'PENDING' },
  // `started` again: its executor was lost, and another one took the task over.
  RUNNING: {
    ...fromWaiting,
    released: 'PENDING',
    child: 'RUNNING',
    pausing: 'RUNNING',
    paused: 'PAUSED',
    resumed: 'RUNNING',
  },
  // A new attempt runs up to its first checkpoint: the requested pause is kept apart from the status.
  PAUSED: { ...fromWaiting, released: 'PENDING', child: 'PAUSED', pausing: 'PAUSED', resumed: 'RUNNING' },
  RETRYING: { ...fromWaiting, resumed: 'RETRYING' },
  // A handler may end by itself before it heeds the cancel. A lost executor's STOPPING task is never started again.
  STOPPING: endings,
  COMPLETED: {},
  FAILED: {},
  CANCELED: {},
};

const terminal: ReadonlySet<TaskStatus> = new Set(
  statuses.filter(status => Object.keys(transitions[status]).length === 0),
);

/** The status after an event, or `undefined` when the table has no such transition. */
export function nextStatus(status: TaskStatus, event: LifecycleType): TaskStatus | undefined {
  return transitions[status][event];
}

/** Whether an executor has the task, as far as its event log tells. */
export function isRunning(status: TaskStatus): status is 'RUNNING' | 'PAUSED' {
  return status === 'RUNNING' || status === 'PAUSED';
}

/** Whether no event can follow this status. */
export function isTerminal(status: TaskStatus): status is TerminalStatus {
  return terminal.has(status);
}

/** The statuses that are not terminal. */
export const activeStatuses: readonly ActiveStatus[] = statuses.filter(
  (status): status is ActiveStatus => !isTerminal(status),
);
/** The terminal statuses. */
export const terminalStatuses: readonly TerminalStatus[] = statuses.filter(isTerminal);

/** The status to show at a time. No event marks the moment at which a SCHEDULED task comes due, so the clock decides. */
export function statusAsOf(status: TaskStatus, scheduledFor: string | undefined, nowMs: number): TaskStatus {
  return status === 'SCHEDULED' && scheduledFor !== undefined && Date.parse(scheduledFor) <= nowMs
    ? 'PENDING'
    : status;
}
