import type { Broker } from '@longhaul/broker';
import type { CancelOutcome, listRequestSchema, TaskPage, TaskRecord } from '@longhaul/proto';
import type { z } from 'zod';
import type { Caller } from './caller.ts';
import { cancelTask } from './cancel/cancelTask.ts';
import type { RecordIndex } from './project/recordIndex.ts';
import { awaitEnd } from './read/awaitEnd.ts';
import { type FindTask, getTask } from './read/findTask.ts';
import { listTasks } from './read/listTasks.ts';
import type { PendingRecords } from './start/pendingRecords.ts';
import { type NewTask, startTask, taskIdOf } from './start/startTask.ts';
import { newTaskId } from './start/taskIds.ts';
import { followLive, followTask } from './watch/followTask.ts';
import type { LiveFeed } from './watch/liveFeed.ts';
import { type WatchedMany, watchMany } from './watch/watchMany.ts';
import { type Watched, watchTask } from './watch/watchTask.ts';

export type ServiceDeps = {
  readonly broker: Broker;
  readonly find: FindTask;
  readonly index: RecordIndex;
  readonly pending: PendingRecords;
  readonly feed: LiveFeed;
};

/**
 * What the gateway does, whatever the protocol that asked for it. Every call names its caller, and sees and touches
 * only what that one may (invariant 8, owner-only).
 */
export function createTaskService({ broker, find, index, pending, feed }: ServiceDeps) {
  const starting = { broker, find, pending };

  /** Waits for a task's end from its record on, at most `waitMs`. */
  const waitForEnd = async (record: TaskRecord, waitMs: number, signal: AbortSignal): Promise<TaskRecord> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    return awaitEnd(record, followLive(broker, feed, record.id, record, limit));
  };

  return {
    /** @throws GatewayError see `startTask` */
    start: (caller: Caller, task: NewTask): Promise<TaskRecord> => startTask(starting, caller, task),

    /** Starts a task and waits for its end, at most `waitMs`. */
    run: async (caller: Caller, task: NewTask, waitMs: number, signal: AbortSignal): Promise<TaskRecord> => {
      const id = taskIdOf(caller, task) ?? newTaskId();
      // Open before the start: nothing of the task can pass by unseen, and nothing has to be read first.
      const tap = feed.open(broker.topology.subjects.liveOf(id));
      try {
        const record = await startTask(starting, caller, task, id);
        const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
        const isNew = task.idempotencyKey === undefined;
        return await awaitEnd(record, followTask(broker, tap, id, record, limit, isNew));
      } finally {
        tap.close();
      }
    },

    /** @throws GatewayError TASK_NOT_FOUND */
    get: (caller: Caller, id: string, name?: string): Promise<TaskRecord> => getTask(find, caller, id, name),

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

    /** @throws GatewayError TASK_NOT_FOUND */
    cancel: async (caller: Caller, id: string, reason: string | undefined): Promise<CancelOutcome> =>
      cancelTask(broker, await getTask(find, caller, id), reason),

    /** @throws GatewayError TASK_NOT_FOUND */
    watch: async function* (
      caller: Caller,
      id: string,
      lastEventId: string | undefined,
      signal: AbortSignal,
      name?: string,
    ): AsyncGenerator<Watched, void, void> {
      const record = await getTask(find, caller, id, name);
      yield* watchTask({ broker, feed }, record, lastEventId, signal);
    },

    watchMany: (
      caller: Caller,
      ids: ReadonlySet<string> | undefined,
      lastEventId: string | undefined,
      signal: AbortSignal,
    ): AsyncGenerator<WatchedMany, void, void> =>
      watchMany({ broker, feed }, caller, ids, lastEventId, signal),
  };
}

export type TaskService = ReturnType<typeof createTaskService>;
