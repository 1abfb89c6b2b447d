import type { EventType } from '../wire/event.ts';
import type { BuiltInFailureCode, Failure } from '../wire/failure.ts';
import type { TaskRecord } from '../wire/record.ts';
import { isRunning, isTerminal, type TerminalStatus } from './status.ts';

/** What an executor does with a request that was delivered to it. */
export type Claim =
  /** Run the handler as this attempt. `after`: the sequence that its first lifecycle event must follow. */
  | {
      readonly do: 'run';
      readonly attempt: number;
      readonly failures: number;
      readonly after: number;
      /** Whether it is to pause at its first checkpoint: somebody asked for that, and nobody to go on. */
      readonly toPause?: true;
    }
  /** A limit is over: the task ends here. */
  | { readonly do: 'fail'; readonly after: number; readonly error: Failure }
  /** The task has ended: take its request off the queue. */
  | { readonly do: 'acknowledge' }
  /** Somebody canceled it while nobody ran it: finish that, and take the request off the queue. */
  | { readonly do: 'cancel'; readonly after: number; readonly reason: string | undefined }
  /** A retry is not due yet: hand the request back until then. */
  | { readonly do: 'wait'; readonly untilMs: number; readonly after: number };

/** The limits that a claim looks at. */
export type ClaimLimits = {
  readonly maxLosses: number;
  /** When the whole task has to end, in milliseconds since the epoch. */
  readonly deadlineMs: number | undefined;
};

/**
 * Decides over a delivered request by the task's chain as it is now.
 *
 * @param chain the fold of the task's request and events
 * @param lastSeq the sequence of the chain's last event of any kind, 0 when there is none
 * @param nowMs the time in milliseconds since the epoch
 */
export function decideClaim(chain: TaskRecord, lastSeq: number, limits: ClaimLimits, nowMs: number): Claim {
  if (isTerminal(chain.status)) return { do: 'acknowledge' };
  if (chain.status === 'STOPPING') return { do: 'cancel', after: lastSeq, reason: chain.cancelReason };
  const fail = (code: BuiltInFailureCode, message: string): Claim => ({
    do: 'fail',
    after: lastSeq,
    error: { code, message },
  });
  if (limits.deadlineMs !== undefined && nowMs >= limits.deadlineMs) {
    return fail('TASK_TIMEOUT', 'The time for the whole task was over before it could go on.');
  }
  if (chain.attempt === 0 && chain.startBy !== undefined && nowMs >= Date.parse(chain.startBy)) {
    return fail('NOT_STARTED_IN_TIME', `No executor took the task before ${chain.startBy}.`);
  }
  // It is delivered again, and nothing says that its attempt ended: the executor is gone, or cannot be heard.
  if (isRunning(chain.status) && chain.losses >= limits.maxLosses) {
    return fail(
      'EXECUTOR_LOST',
      `${chain.losses + 1} executors were lost while they ran the task, the last in attempt ${chain.attempt}.`,
    );
  }
  const dueMs = chain.nextAttemptAt === undefined ? 0 : Date.parse(chain.nextAttemptAt);
  if (dueMs > nowMs) return { do: 'wait', untilMs: dueMs, after: lastSeq };
  return {
    do: 'run',
    attempt: chain.attempt + 1,
    failures: chain.failures,
    after: lastSeq,
    ...(isToPause(chain) ? { toPause: true } : {}),
  };
}

/** Whether somebody wants a task to pause, and nobody to go on. */
export function isToPause({ pause, status }: Pick<TaskRecord, 'pause' | 'status'>): boolean {
  // Of a chatty task `pausing` may have rolled off behind its `paused`.
  return pause !== undefined || status === 'PAUSED';
}

/** What the writer of a refused event does next. */
export type Refusal =
  /** Nothing came between that matters: append again after this sequence. */
  | { readonly do: 'append'; readonly after: number }
  /** It was accepted after all; its acknowledgement was lost. */
  | { readonly do: 'accepted' }
  /** It is no longer so: let it go, and append what comes next after this sequence. */
  | { readonly do: 'drop'; readonly after: number }
  /** The task has ended, or another executor runs it now: stop, and write nothing more. */
  | { readonly do: 'superseded' }
  /** A cancel was recorded meanwhile: end the handler, then append after this sequence. */
  | { readonly do: 'stop'; readonly after: number };

/**
 * Decides what a refused append of an executor means.
 *
 * Invariant 2, ends-once: an event is appended only after the chain's last event, so of two writers one is refused
 * and comes here; whoever finds the task ended or taken over gives up.
 *
 * @param mine what the refused event says of itself
 */
export function decideRefusal(chain: TaskRecord, lastSeq: number, mine: RefusedEvent): Refusal {
  const current = chain.attempts.at(-1);
  const isMine =
    current?.number === mine.attempt
      ? current.executor === mine.executor
      : // Of a chatty task `started` may have rolled off. An attempt has one, so if it was ours it still is.
        mine.begun && chain.attempt === mine.attempt;
  if (isTerminal(chain.status)) {
    return isMine && chain.status === endOf[mine.type] ? { do: 'accepted' } : { do: 'superseded' };
  }
  if (!isMine && chain.attempt >= mine.attempt) return { do: 'superseded' };
  const stopping = chain.status === 'STOPPING';
  switch (mine.type) {
    case 'started':
      if (stopping) return { do: 'stop', after: lastSeq };
      return isMine ? { do: 'accepted' } : { do: 'append', after: lastSeq };
    case 'child':
      // Were it in the chain already, once more would say the same.
      return stopping ? { do: 'stop', after: lastSeq } : { do: 'append', after: lastSeq };
    case 'pausing':
    case 'resumed':
      if (stopping) return { do: 'stop', after: lastSeq };
      // A gateway that got no answer in time has written it.
      return isToPause(chain) === (mine.type === 'pausing')
        ? { do: 'accepted' }
        : { do: 'append', after: lastSeq };
    case 'paused':
      if (stopping) return { do: 'stop', after: lastSeq };
      // Resumed before it paused.
      if (!isToPause(chain)) return { do: 'drop', after: lastSeq };
      return isMine && chain.status === 'PAUSED' ? { do: 'accepted' } : { do: 'append', after: lastSeq };
    case 'retrying':
      if (stopping) return { do: 'stop', after: lastSeq };
      return isMine && chain.status === 'RETRYING' ? { do: 'accepted' } : { do: 'append', after: lastSeq };
    case 'progress':
    case 'log':
      return stopping ? { do: 'stop', after: lastSeq } : { do: 'append', after: lastSeq };
    case 'released':
      return isMine && chain.status === 'PENDING' ? { do: 'accepted' } : { do: 'append', after: lastSeq };
    case 'stopping':
      return stopping ? { do: 'accepted' } : { do: 'append', after: lastSeq };
    case 'completed':
    case 'failed':
    case 'canceled':
      return { do: 'append', after: lastSeq };
  }
}

/** What the writer of a refused event knows of itself. */
export type RefusedEvent = {
  readonly type: EventType;
  readonly attempt: number;
  readonly executor: string;
  /** Whether its attempt has an event in the chain already. */
  readonly begun: boolean;
};

const endOf: { readonly [E in EventType]?: TerminalStatus } = {
  completed: 'COMPLETED',
  failed: 'FAILED',
  canceled: 'CANCELED',
};
