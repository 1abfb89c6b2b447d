// Without zod: pages import it.

/** Every status of a task. The last three are terminal: nothing follows them. */
export const statuses = [
  'SCHEDULED',
  'PENDING',
  'RUNNING',
  'PAUSED',
  'RETRYING',
  'STOPPING',
  'COMPLETED',
  'FAILED',
  'CANCELED',
] as const;

/** The status of a task. `COMPLETED`, `FAILED` and `CANCELED` are terminal: nothing follows them. */
export type TaskStatus = (typeof statuses)[number];
/** A status that nothing follows. */
export type TerminalStatus = 'COMPLETED' | 'FAILED' | 'CANCELED';
/** A status that something can follow. */
export type ActiveStatus = Exclude<TaskStatus, TerminalStatus>;

/** The types of the events that can change the status of a task: all but progress and log. */
export type LifecycleType =
  | 'started'
  | 'child'
  | 'retrying'
  | 'released'
  | 'pausing'
  | 'paused'
  | 'resumed'
  | 'stopping'
  | 'completed'
  | 'failed'
  | 'canceled';
