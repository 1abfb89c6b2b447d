import { type ChildLink, childrenKept } from '../wire/childLinks.ts';
import { isLifecycle, type LifecycleEvent, type StoredEvent } from '../wire/event.ts';
import { withoutStacks } from '../wire/failure.ts';
import type { AttemptRecord, TaskRecord } from '../wire/record.ts';
import type { TaskRequest } from '../wire/request.ts';
import { isRunning, isTerminal, nextStatus } from './status.ts';

/** How many attempts a record keeps; older ones are dropped, so that a record cannot grow without end. */
export const attemptsKept = 20;

/** The record of a task of which nothing but its request is known. */
export function recordOfRequest(id: string, name: string, request: TaskRequest): TaskRecord {
  return {
    ...requestPart(request),
    id,
    name,
    status: request.scheduledFor === undefined ? 'PENDING' : 'SCHEDULED',
    attempt: 0,
    attempts: [],
    failures: 0,
    losses: 0,
    seq: 0,
  };
}

/** The request that a record was made of. */
export function requestOfRecord(record: TaskRecord): TaskRequest {
  return requestPart(record);
}

/** What a request and its record have in common: all of the request. */
function requestPart(source: TaskRequest | TaskRecord): TaskRequest {
  const { owner, createdAt, priority, input, inputRef, scheduledFor } = source;
  const { idempotencyKey, policy, concurrencyKeys, startBy, retryOf, scheduleId, parent } = source;
  return {
    v: 1,
    owner,
    createdAt,
    priority,
    ...(inputRef === undefined ? { input } : { inputRef }),
    ...(scheduledFor === undefined ? {} : { scheduledFor }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(policy === undefined ? {} : { policy }),
    ...(concurrencyKeys === undefined ? {} : { concurrencyKeys }),
    ...(startBy === undefined ? {} : { startBy }),
    ...(retryOf === undefined ? {} : { retryOf }),
    ...(parent === undefined ? {} : { parent }),
    ...(scheduleId === undefined ? {} : { scheduleId }),
  };
}

/**
 * Invariant 3, record-is-fold: a record is what this function makes of a task's events in stream order.
 *
 * - An event at or below the record's `seq` changes nothing, so events may be folded twice.
 * - After a terminal event nothing changes any more.
 * - Progress of an attempt that is not the current one changes nothing.
 * - What does not fit the protocol is no event: it never comes here (see `parseEvent`).
 * - An event that names another owner or task type than the record changes nothing.
 *
 * @returns the same object when nothing changed; `undefined` when there is no record yet and the event does not
 *   carry the request, so that no record can be made of it.
 */
export function fold(before: TaskRecord | undefined, stored: StoredEvent): TaskRecord | undefined {
  const { event, seq } = stored;
  const record = before ?? (event.task && recordOfRequest(stored.id, stored.name, event.task));
  if (!record || seq <= record.seq || isTerminal(record.status)) return before;
  if (event.owner !== record.owner || stored.name !== record.name) return before;
  if (isLifecycle(event)) return foldLifecycle(record, event, seq) ?? before;
  if (event.type === 'log' || event.attempt !== record.attempt || record.status === 'RETRYING') return before;
  return { ...record, progress: event.progress, seq };
}

function foldLifecycle(record: TaskRecord, event: LifecycleEvent, seq: number): TaskRecord | undefined {
  const status = nextStatus(record.status, event.type);
  if (status === undefined) return undefined;
  const { nextAttemptAt: _waited, ...rest } = record;
  const { pause: _pause, ...unpaused } = rest;
  const isOver = status === 'STOPPING' || isTerminal(status);
  const next: TaskRecord = { ...(isOver ? unpaused : rest), status, seq };
  switch (event.type) {
    case 'started': {
      // Said again by an attempt that found its log gone, deleted with its stream.
      const last = record.attempts.at(-1);
      if (last?.number === event.attempt && last.executor === event.executor && last.endedAt === undefined)
        return next;
      // Of a task that is tried again, the earlier attempt's progress and error are history.
      const { progress: _progress, error: _error, ...fresh } = next;
      // The attempt before was neither ended nor released: it was lost with its executor.
      const losses = record.losses + (isRunning(record.status) ? 1 : 0);
      return withAttempt(
        { ...fresh, losses },
        {
          number: event.attempt,
          executor: event.executor,
          startedAt: event.at,
          seq,
        },
      );
    }
    case 'child':
      return withChild(next, event.child);
    case 'stopping': {
      // Why it was to be tried again no longer matters; its attempt keeps it.
      const { error: _error, ...clean } = next;
      return event.reason === undefined ? clean : { ...clean, cancelReason: event.reason };
    }
    case 'retrying':
      return {
        ...endAttempt(beginIfHeldBack(next, event, seq), event.at, event.error),
        failures: record.failures + 1,
        error: event.error,
        nextAttemptAt: event.nextAttemptAt,
      };
    case 'pausing':
      return { ...next, pause: next.pause ?? { by: event.by, at: event.at } };
    case 'paused':
      return next;
    case 'resumed':
      return { ...unpaused, status, seq };
    case 'released':
      return endAttempt(next, event.at);
    case 'completed': {
      const { error: _error, ...clean } = next;
      return {
        ...endAttempt(beginIfHeldBack(clean, event, seq), event.at),
        ...(event.outputRef === undefined ? { output: event.output } : { outputRef: event.outputRef }),
        finishedAt: event.at,
      };
    }
    case 'failed':
      return {
        ...endAttempt(beginIfHeldBack(next, event, seq), event.at, event.error),
        failures: record.failures + 1,
        error: event.error,
        finishedAt: event.at,
      };
    case 'canceled': {
      const { error: _error, ...clean } = next;
      return {
        ...endAttempt(clean, event.at),
        finishedAt: event.at,
        ...(event.reason === undefined ? {} : { cancelReason: event.reason }),
        ...(event.handlerStillRunning ? { handlerStillRunning: true as const } : {}),
      };
    }
  }
}

/** Said again by another attempt, it is the same child. Beyond what is kept that cannot be told; it is rare. */
function withChild(record: TaskRecord, child: ChildLink): TaskRecord {
  const { children = [], childCount = 0 } = record;
  if (children.some(({ id }) => id === child.id)) return record;
  const kept = children.length < childrenKept ? [...children, child] : children;
  return { ...record, children: kept, childCount: childCount + 1 };
}

function beginIfHeldBack(
  record: TaskRecord,
  event: {
    readonly attempt?: number | undefined;
    readonly executor?: string | undefined;
    readonly startedAt?: string | undefined;
    readonly at: string;
  },
  seq: number,
): TaskRecord {
  if (event.attempt === undefined || event.executor === undefined || event.attempt <= record.attempt)
    return record;
  return withAttempt(record, {
    number: event.attempt,
    executor: event.executor,
    startedAt: event.startedAt ?? event.at,
    seq,
  });
}

function withAttempt(record: TaskRecord, attempt: AttemptRecord): TaskRecord {
  const earlier = endAttempt(record, attempt.startedAt).attempts;
  return {
    ...record,
    startedAt: record.startedAt ?? attempt.startedAt,
    attempt: attempt.number,
    attempts: [...earlier, attempt].slice(-attemptsKept),
  };
}

function endAttempt(record: TaskRecord, endedAt: string, error?: AttemptRecord['error']): TaskRecord {
  const last = record.attempts.at(-1);
  if (!last || last.endedAt !== undefined) return record;
  // Twenty stacks would take more room than all the rest: the latest is the record's own, and events have them all.
  const brief = error && withoutStacks(error);
  const ended: AttemptRecord = { ...last, endedAt, ...(brief ? { error: brief } : {}) };
  return { ...record, attempts: [...record.attempts.slice(0, -1), ended] };
}
