import { isLifecycle, type LifecycleEvent, type TaskEvent } from '../wire/event.ts';
import type { TaskRequest } from '../wire/request.ts';
import type { TaskState } from '../wire/taskState.ts';
import { isRunning, isTerminal, nextStatus } from './status.ts';

/** A lifecycle event, as far as the state after it depends on it. */
export type LifecycleChange = LifecycleEvent extends infer E
  ? E extends LifecycleEvent
    ? Omit<E, 'v' | 'owner' | 'task' | 'state'>
    : never
  : never;

/** The state of a task of which nothing but its request is known. */
export function stateOfRequest({ scheduledFor }: Pick<TaskRequest, 'scheduledFor'>): TaskState {
  return {
    status: scheduledFor === undefined ? 'PENDING' : 'SCHEDULED',
    attempt: 0,
    failures: 0,
    losses: 0,
    events: 0,
  };
}

/**
 * The state after a lifecycle event, which that event carries.
 *
 * Every append expects the last event of the log, so a writer that knows the state there knows the state that its event
 * leaves behind: what is carried is always what the fold of all events gives (`foldState`).
 *
 * @returns `undefined` when the transition table has no such step: then the event is not to be appended
 */
export function nextState(before: TaskState, event: LifecycleChange): TaskState | undefined {
  const status = nextStatus(before.status, event.type);
  if (status === undefined) return undefined;
  const { nextAttemptAt: _waited, ...rest } = before;
  const { pause: _pause, ...unpaused } = rest;
  const isOver = status === 'STOPPING' || isTerminal(status);
  const next: TaskState = { ...(isOver ? unpaused : rest), status, events: before.events + 1 };
  switch (event.type) {
    case 'started': {
      // The attempt before was neither ended nor released: it was lost with its executor.
      const losses = before.losses + (isRunning(before.status) ? 1 : 0);
      return { ...next, attempt: event.attempt, executor: event.executor, held: true, losses };
    }
    case 'child':
    case 'paused':
      return next;
    case 'pausing':
      return { ...next, pause: next.pause ?? { by: event.by, at: event.at } };
    case 'resumed':
      return { ...unpaused, status, events: next.events };
    case 'stopping':
      return event.reason === undefined ? next : { ...next, cancelReason: event.reason };
    case 'retrying':
      return {
        ...ended(begunBy(next, event)),
        failures: before.failures + 1,
        nextAttemptAt: event.nextAttemptAt,
      };
    case 'released':
      return ended(next);
    case 'completed':
      return ended(begunBy(next, event));
    case 'failed':
      return { ...ended(begunBy(next, event)), failures: before.failures + 1 };
    case 'canceled':
      return ended(event.reason === undefined ? next : { ...next, cancelReason: event.reason });
  }
}

/** The definition of the carried state: the fold of a task's events, in the order of the log. */
export function foldState(before: TaskState, event: TaskEvent): TaskState {
  return isLifecycle(event) ? (nextState(before, event) ?? before) : before;
}

/** An attempt that was too short for a `started` begins with the event that ends it. */
function begunBy(
  state: TaskState,
  { attempt, executor }: { readonly attempt?: number | undefined; readonly executor?: string | undefined },
): TaskState {
  if (attempt === undefined || executor === undefined || attempt <= state.attempt) return state;
  return { ...state, attempt, executor };
}

function ended({ held: _held, ...state }: TaskState): TaskState {
  return state;
}

/** The executor that runs a task as its log has it; `undefined`: its last attempt has ended, or there was none. */
export function holderOf({ held, executor }: TaskState): string | undefined {
  return held ? executor : undefined;
}

/** Whether a pause is requested, and no resume since. */
export function isToPause({ pause, status }: Pick<TaskState, 'pause' | 'status'>): boolean {
  return pause !== undefined || status === 'PAUSED';
}

/**
 * Whether an attempt is still to begin: the first one, or the next one after a failure. A task whose executor was lost
 * or has stopped is not to begin: it continues elsewhere.
 */
export function isToBegin({ status, attempt }: Pick<TaskState, 'status' | 'attempt'>): boolean {
  return status === 'SCHEDULED' || status === 'RETRYING' || (status === 'PENDING' && attempt === 0);
}
