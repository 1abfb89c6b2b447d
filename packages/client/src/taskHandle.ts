import type { OutputOf, TaskDefinition, TaskFailedErrorOf } from '@longhaul/proto';
// From there, so that a page has no schemas to load.
import { TaskCanceledError, TaskFailedError, TaskOutputUnfitError } from '@longhaul/proto/browser';
import type {
  AnyTaskRecord,
  CancelOutcome,
  ControlOutcome,
  EndedOutcomeOf,
  TaskEventOf,
  TaskOutcomeOf,
  TaskRecordOf,
} from '@longhaul/proto/wire';
import { iterateEvents } from './eventIterator.ts';
import type { GatewayCalls } from './gatewayCalls.ts';
import { isTransient, pause, waitBeforeTry } from './retry.ts';

/** How a wait may be ended. */
export type WaitOptions = {
  /** Ends the waiting, not the task. */
  readonly signal?: AbortSignal;
};
/** How a stream of events is begun and ended. */
export type EventsOptions = WaitOptions & {
  /** Resumes after this event instead of beginning with a snapshot. */
  readonly lastEventId?: string;
  /** Told when the connection is lost; another is tried until there is one, and nothing is missed. */
  readonly onLost?: (error: unknown) => void;
};

/** How an ended task is started again. */
export type RetryOptions = {
  /** The same key gives the same new task. Without one every call makes a new task. */
  readonly idempotencyKey?: string;
};

/** One task, typed by its definition. Holds no connection: it may be kept, or made again from its id. */
export type TaskHandle<T extends TaskDefinition> = {
  /** The task's id, a UUID. */
  readonly id: string;
  /** The task's record as it is now. */
  readonly record: () => Promise<TaskRecordOf<T>>;
  /**
   * What happens to the task, live, from a snapshot to its end; across lost connections and gateway restarts each
   * event comes once.
   *
   * @example
   * ```ts
   * for await (const event of task.events()) {
   *   if (event.type === 'progress') console.log(`${event.progress.percent} %`);
   *   if (event.type === 'log') console.log(event.level, event.message);
   * }
   * ```
   */
  readonly events: (
    options?: EventsOptions,
  ) => AsyncGenerator<TaskEventOf<T> & { readonly eventId: string }, void, void>;
  /** Waits for the end and says how it ended, as a value. */
  readonly outcome: (options?: WaitOptions) => Promise<EndedOutcomeOf<T>>;
  /**
   * Waits for the output.
   * @throws TaskFailedError, TaskCanceledError; TaskOutputUnfitError where the output was written under another contract;
   *   the signal's reason
   *
   * @example
   * ```ts
   * const { text } = await task.result({ signal: AbortSignal.timeout(60_000) });
   * ```
   */
  readonly result: (options?: WaitOptions) => Promise<OutputOf<T>>;
  /**
   * Ends the task, wherever it runs. A task that had ended before stays as it was: `alreadyEnded`.
   *
   * @param reason for people, at most 1,000 characters; it is recorded
   *
   * @example
   * ```ts
   * const { status, alreadyEnded } = await task.cancel('The recording was deleted.');
   * ```
   */
  readonly cancel: (reason?: string) => Promise<CancelOutcome>;
  /**
   * Has the task pause at its handler's next checkpoint; it is `PAUSED` then. For tasks that are defined as pausable.
   */
  readonly pause: () => Promise<ControlOutcome>;
  /** Resumes the task. */
  readonly resume: () => Promise<ControlOutcome>;
  /** Starts the task again once it has ended: a new task with the same input, whose record has `retryOf`. */
  readonly retry: (options?: RetryOptions) => Promise<TaskHandle<T>>;
  /** Tells whether an error is this task's failure, with its declared errors typed. */
  readonly isFailure: (error: unknown) => error is TaskFailedErrorOf<T>;
};

/** How long one question for the result waits at the gateway. */
const resultWaitMs = 25_000;

export function createTaskHandle<T extends TaskDefinition>(
  calls: GatewayCalls,
  name: string,
  id: string,
): TaskHandle<T> {
  const outcome = async ({ signal }: WaitOptions = {}): Promise<EndedOutcomeOf<T>> => {
    for (let tries = 0; ; ) {
      try {
        const answer = await calls.query<TaskOutcomeOf<T>>(
          `${name}.result`,
          { id, waitMs: resultWaitMs },
          signal,
        );
        tries = 0;
        if (answer.done) return answer;
      } catch (error) {
        signal?.throwIfAborted();
        // The task continues without this client: as long as the gateway may come back, the end can still be read.
        if (!isTransient(error)) throw error;
        tries += 1;
        await pause(waitBeforeTry(tries), signal);
      }
    }
  };
  return {
    id,
    record: () => calls.query<TaskRecordOf<T>>(`${name}.get`, { id }),
    events: async function* ({ lastEventId, signal, onLost } = {}) {
      const subscribe = calls.subscribe<TaskEventOf<T>>(`${name}.watch`, { id });
      for await (const { id: eventId, data } of iterateEvents(subscribe, lastEventId, signal, onLost))
        yield { ...data, eventId };
    },
    outcome,
    result: async options => {
      const ended = await outcome(options);
      switch (ended.status) {
        case 'COMPLETED':
          if (ended.unfit) throw new TaskOutputUnfitError(id, name);
          return ended.output;
        case 'FAILED':
          throw new TaskFailedError(id, ended.error);
        case 'CANCELED':
          throw new TaskCanceledError(id, ended.reason);
      }
    },
    cancel: reason =>
      calls.mutation<CancelOutcome>('tasks.cancel', { id, ...(reason === undefined ? {} : { reason }) }),
    pause: () => calls.mutation<ControlOutcome>('tasks.pauseTask', { id }),
    resume: () => calls.mutation<ControlOutcome>('tasks.resumeTask', { id }),
    retry: async options => {
      const retried = await calls.mutation<AnyTaskRecord>('tasks.retry', { ...options, id });
      return createTaskHandle<T>(calls, name, retried.id);
    },
    isFailure: (error): error is TaskFailedErrorOf<T> =>
      error instanceof TaskFailedError && error.taskId === id,
  };
}
