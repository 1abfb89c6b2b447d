import type { EventType } from '../wire/event.ts';
import type { TerminalStatus } from '../wire/status.ts';
import type { TaskState } from '../wire/taskState.ts';
import { isTerminal } from './status.ts';
import { isToPause } from './taskState.ts';

/** What the writer of a refused event does next. */
export type Refusal =
  /** Nothing came between that matters: append again, after the log as it is now. */
  | { readonly do: 'append' }
  /** It was accepted after all; its acknowledgement was lost. */
  | { readonly do: 'accepted' }
  /** It is no longer so: let it go. What comes next follows the log as it is now. */
  | { readonly do: 'drop' }
  /** The task has ended, or another executor runs it now: stop, and write nothing more. */
  | { readonly do: 'superseded' }
  /** A cancel was recorded meanwhile: end the handler, then append after the log as it is now. */
  | { readonly do: 'stop' };

/** What the writer of a refused event knows of itself. */
export type RefusedEvent = {
  /** The type of the event. */
  readonly type: EventType;
  /** The attempt that it belongs to. */
  readonly attempt: number;
  /** The id of the executor that writes it. */
  readonly executor: string;
};

const append: Refusal = { do: 'append' };
const accepted: Refusal = { do: 'accepted' };
const stop: Refusal = { do: 'stop' };

/**
 * Decides what a refused append of an executor means.
 *
 * Invariant 2, ends-once: an event is appended only after the log's last event, so of two writers one is refused
 * and comes here; one that finds the task ended or taken over gives up.
 *
 * @param state the state at the end of the log as it is now
 * @param mine what the refused event says of itself
 */
export function decideRefusal(state: TaskState, mine: RefusedEvent): Refusal {
  const isMine = state.attempt === mine.attempt && state.executor === mine.executor;
  if (isTerminal(state.status))
    return isMine && state.status === endOf[mine.type] ? accepted : { do: 'superseded' };
  if (!isMine && state.attempt >= mine.attempt) return { do: 'superseded' };
  const stopping = state.status === 'STOPPING';
  switch (mine.type) {
    case 'started':
      if (stopping) return stop;
      return isMine ? accepted : append;
    case 'child':
      // Were it in the log already, once more would say the same.
      return stopping ? stop : append;
    case 'pausing':
    case 'resumed':
      if (stopping) return stop;
      // A gateway that got no answer in time has written it.
      return isToPause(state) === (mine.type === 'pausing') ? accepted : append;
    case 'paused':
      if (stopping) return stop;
      // Resumed before it paused.
      if (!isToPause(state)) return { do: 'drop' };
      return isMine && state.status === 'PAUSED' ? accepted : append;
    case 'retrying':
      if (stopping) return stop;
      return isMine && state.status === 'RETRYING' ? accepted : append;
    case 'progress':
    case 'log':
      return stopping ? stop : append;
    case 'released':
      // A STOPPING task is canceled by the executor that is given it next.
      if (stopping) return { do: 'drop' };
      return isMine && state.status === 'PENDING' ? accepted : append;
    case 'stopping':
      return stopping ? accepted : append;
    case 'completed':
    case 'failed':
    case 'canceled':
      return append;
  }
}

const endOf: { readonly [E in EventType]?: TerminalStatus } = {
  completed: 'COMPLETED',
  failed: 'FAILED',
  canceled: 'CANCELED',
};
