import type { Broker } from '@longhaul/broker';
import {
  type CancelManyOutcome,
  type CancelOutcome,
  GatewayError,
  type listRequestSchema,
  type NamePause,
  type TaskDefinition,
  type TaskPage,
  type TaskRecord,
} from '@longhaul/proto';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Caller } from './caller.ts';
import { type CancelManyQuery, cancelMany } from './cancel/cancelMany.ts';
import { cancelTask } from './cancel/cancelTask.ts';
import { pausedNames, pauseName, resumeName } from './pause/pausedNames.ts';
import type { RecordIndex } from './project/recordIndex.ts';
import { awaitEnd } from './read/awaitEnd.ts';
import { type FindTask, getTask } from './read/findTask.ts';
import { listTasks } from './read/listTasks.ts';
import { PayloadReader } from './read/payloadReader.ts';
import { taskIdOf } from './start/idempotency.ts';
import type { PendingRecords } from './start/pendingRecords.ts';
import { retryTask } from './start/retryTask.ts';
import { type Started, startMany } from './start/startMany.ts';
import { type NewTask, startTask } from './start/startTask.ts';
import { newTaskId } from './start/taskIds.ts';
import { followLive, followTask } from './watch/followTask.ts';
import type { LiveFeed } from './watch/liveFeed.ts';
import { type WatchedList, watchList } from './watch/watchList.ts';
import { type WatchedMany, watchMany } from './watch/watchMany.ts';
import { type Watched, watchTask } from './watch/watchTask.ts';

export type ServiceDeps = {
  readonly broker: Broker;
  readonly find: FindTask;
  readonly index: RecordIndex;
  readonly pending: PendingRecords;
  readonly feed: LiveFeed;
  /** Told of every task that this gateway has accepted. */
  readonly onAccepted: (record: TaskRecord) => void;
  /** Every task of the contract, by name. */
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  readonly logger: Logger;
};

/**
 * What the gateway does, whatever the protocol that asked for it. Every call names its caller, and sees and touches
 * only what that one may (invariant 8, owner-only).
 */
export function createTaskService(deps: ServiceDeps) {
  const { broker, find, index, pending, feed, definitions, logger, onAccepted } = deps;
  const starting = { broker, find, pending, onAccepted };
  const payloads = new PayloadReader(broker.payloads, logger);

  /** Waits for a task's end from its record on, at most `waitMs`. */
  const waitForEnd = async (record: TaskRecord, waitMs: number, signal: AbortSignal): Promise<TaskRecord> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    return payloads.withOutput(await awaitEnd(record, followLive(broker, feed, record.id, record, limit)));
  };

  /** @throws GatewayError TASK_NOT_FOUND */
  const cancel = async (caller: Caller, id: string, reason: string | undefined): Promise<CancelOutcome> =>
    cancelTask(broker, await getTask(find, caller, id), reason);

  return {
    /** @throws GatewayError see `startTask` */
    start: async (caller: Caller, task: NewTask): Promise<TaskRecord> =>
      payloads.withOutput(await startTask(starting, caller, task)),

    /** Starts tasks, each for itself: a value says what became of it. */
    startMany: (caller: Caller, tasks: readonly NewTask[]): Promise<Started[]> =>
      startMany({ ...starting, payloads }, caller, tasks),

    /** Starts an ended task again, as a new one. @throws GatewayError see `retryTask` */
    retry: async (caller: Caller, id: string, idempotencyKey: string | undefined): Promise<TaskRecord> =>
      payloads.withOutput(
        await retryTask({ ...starting, definitions, payloads }, caller, id, idempotencyKey),
      ),

    /** Starts a task and waits for its end, at most `waitMs`. */
    run: async (caller: Caller, task: NewTask, waitMs: number, signal: AbortSignal): Promise<TaskRecord> => {
      const id = taskIdOf(caller, task) ?? newTaskId();
      // Open before the start: nothing of the task can pass by unseen, and nothing has to be read first.
      const tap = feed.open(broker.topology.subjects.liveOf(id));
      try {
        const record = await startTask(starting, caller, task, id);
        const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
        const isNew = task.idempotencyKey === undefined;
        const ended = await awaitEnd(record, followTask(broker, tap, id, record, limit, isNew));
        return await payloads.withOutput(ended);
      } finally {
        tap.close();
      }
    },

    /** @throws GatewayError TASK_NOT_FOUND */
    get: async (caller: Caller, id: string, name?: string): Promise<TaskRecord> =>
      payloads.whole(await getTask(find, caller, id, name)),

    /** Waits for a task's end, at most `waitMs`. @throws GatewayError TASK_NOT_FOUND */
    result: async (
      caller: Caller,
      id: string,
      waitMs: number,
      signal: AbortSignal,
      name?: string,
    ): Promise<TaskRecord> => waitForEnd(await getTask(find, caller, id, name), waitMs, signal),

    list: (caller: Caller, query: z.output<typeof listRequestSchema>): TaskPage =>
      listTasks(index, caller, query, Date.now()),

    cancel,

    /** Cancels what fits and has not ended. A value counts what could not be canceled. */
    cancelMany: (caller: Caller, query: CancelManyQuery, signal: AbortSignal): Promise<CancelManyOutcome> => {
      const deps = { index, logger, cancel: (id: string) => cancel(caller, id, query.reason) };
      return cancelMany(deps, caller, query, signal);
    },

    /** @throws GatewayError TASK_NOT_FOUND */
    watch: async function* (
      caller: Caller,
      id: string,
      lastEventId: string | undefined,
      signal: AbortSignal,
      name?: string,
    ): AsyncGenerator<Watched, void, void> {
      const record = await getTask(find, caller, id, name);
      yield* payloads.watched(watchTask({ broker, feed }, record, lastEventId, signal));
    },

    pausedNames: (names: readonly string[]): Promise<ReadonlySet<string>> => pausedNames(broker, names),

    /** @throws GatewayError FORBIDDEN, UNKNOWN_TASK */
    setPaused: async (caller: Caller, name: string, paused: boolean): Promise<NamePause> => {
      if (caller.role === 'user')
        throw new GatewayError('FORBIDDEN', `Only an operator or administrator may pause or resume ${name}.`);
      if (!definitions.has(name))
        throw new GatewayError('UNKNOWN_TASK', `The contract of this gateway has no task ${name}.`);
      await (paused ? pauseName(broker, name) : resumeName(broker, name));
      return { name, paused };
    },

    watchMany: (
      caller: Caller,
      ids: ReadonlySet<string> | undefined,
      lastEventId: string | undefined,
      signal: AbortSignal,
    ): AsyncGenerator<WatchedMany, void, void> =>
      watchMany({ broker, feed }, caller, ids, lastEventId, signal),

    watchList: (caller: Caller, signal: AbortSignal): AsyncGenerator<WatchedList, void, void> =>
      watchList(index, caller, signal),
  };
}

export type TaskService = ReturnType<typeof createTaskService>;
