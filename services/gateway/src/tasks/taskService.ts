import type { Broker } from '@longhaul/broker';
import type { TaskDefinition } from '@longhaul/proto';
import {
  type CancelManyOutcome,
  type CancelOutcome,
  type ControlOutcome,
  GatewayError,
  isTerminal,
  type listRequestSchema,
  type TaskPage,
  type TaskRecord,
  type TypePause,
} from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Caller } from '../auth/caller.ts';
import { type Action, requirePermission } from '../auth/caller.ts';
import type { OwnerStreams } from '../protection/ownerStreams.ts';
import type { RecordIndex } from '../records/recordIndex.ts';
import { awaitEnd, withLimit } from './read/awaitEnd.ts';
import { type FindTask, getTask } from './read/findTask.ts';
import { listTasks } from './read/listTasks.ts';
import { PayloadReader } from './read/payloadReader.ts';
import { newTaskId, taskIdOf } from './start/idempotency.ts';
import type { PendingRecords } from './start/pendingRecords.ts';
import { Placeholder } from './start/placeholder.ts';
import { ReservedPermits } from './start/reservedPermits.ts';
import { retryTask } from './start/retryTask.ts';
import { type NewTask, type Started, startMany, startTask } from './start/startTask.ts';
import { type CancelManyQuery, cancelMany } from './steer/cancelMany.ts';
import { cancelTask } from './steer/cancelTask.ts';
import { controlTask } from './steer/controlTask.ts';
import { pausedTypes, pauseType, resumeType } from './steer/pausedTypes.ts';
import type { LiveFeed } from './watch/liveFeed.ts';
import { Replays } from './watch/replays.ts';
import { type WatchedList, watchList } from './watch/watchList.ts';
import { type WatchedMany, watchMany } from './watch/watchMany.ts';
import { type Watched, watchTask } from './watch/watchTask.ts';

export type ServiceDeps = {
  readonly broker: Broker;
  readonly find: FindTask;
  readonly index: RecordIndex;
  readonly pending: PendingRecords;
  readonly feed: LiveFeed;
  /** @throws GatewayError TOPOLOGY_LOST: what an accepted task would rest on is gone */
  readonly requireTopology: () => void;
  /** Told of every task that this gateway has accepted. */
  readonly onAccepted: (record: TaskRecord) => void;
  /** Every task of the contract, by name. */
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  /** How many stored events a watcher of many tasks may have behind its `lastEventId`. */
  readonly replayEvents: number;
  /** The streams and waiting calls of each owner. */
  readonly streams: OwnerStreams;
  readonly logger: Logger;
};

/**
 * What the gateway does, whatever the protocol that asked for it. Every call names its caller, and sees and touches
 * only what that one may (invariant 8, owner-only).
 */
export function createTaskService(deps: ServiceDeps) {
  const {
    broker,
    find,
    index,
    pending,
    feed,
    definitions,
    streams,
    replayEvents,
    logger,
    onAccepted,
    requireTopology,
  } = deps;
  const placeholder = new Placeholder(broker);
  const permits = new ReservedPermits(broker);
  const starting = { broker, find, pending, placeholder, permits, onAccepted, requireTopology };
  const replays = new Replays(broker, replayEvents);
  const payloads = new PayloadReader(broker.payloads, logger);

  /** A task that the caller may see, for doing something with it. @throws GatewayError TASK_NOT_FOUND, FORBIDDEN */
  const getTaskTo = async (action: Action, caller: Caller, id: string): Promise<TaskRecord> => {
    const record = await getTask(find, caller, id);
    requirePermission(caller, action, record.owner);
    return record;
  };

  /** @throws GatewayError TASK_NOT_FOUND, FORBIDDEN */
  const cancel = async (caller: Caller, id: string, reason: string | undefined): Promise<CancelOutcome> =>
    cancelTask(broker, await getTaskTo('steerTask', caller, id), reason);

  /** Of a task that has not ended while it was waited for, the record says how far it is. */
  const latestRecord = async (caller: Caller, waited: TaskRecord): Promise<TaskRecord> => {
    if (isTerminal(waited.status)) return waited;
    const record = await find(caller, waited.id);
    return record && (record.seq >= waited.seq || isTerminal(record.status)) ? record : waited;
  };

  /**
   * Finds a task to watch, so that what is wrong shows before the stream begins.
   *
   * @returns `undefined` when the watcher has seen the task's end
   * @throws GatewayError TASK_NOT_FOUND
   */
  const openWatch = async (
    caller: Caller,
    id: string,
    lastEventId: string | undefined,
    signal: AbortSignal,
    name?: string,
  ): Promise<AsyncGenerator<Watched, void, void> | undefined> => {
    const record = await getTask(find, caller, id, name);
    const events = await watchTask({ broker, feed }, record, lastEventId, signal);
    return events && payloads.watched(events);
  };

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

    /** Starts a task and waits for its end, at most `waitMs`, and until one of the signals is aborted. */
    run: async (
      caller: Caller,
      task: NewTask,
      waitMs: number,
      signals: readonly AbortSignal[],
    ): Promise<TaskRecord> => {
      // Before the start: a call that may not wait starts nothing.
      using _permit = waitMs > 0 ? streams.acquire(caller.owner, 'wait') : undefined;
      const id = taskIdOf(broker, caller, task) ?? newTaskId();
      // Open before the start: nothing of the task can pass by unseen, and nothing has to be read first.
      const tap = feed.open(broker.topology.subjects.live({ id, name: task.name }, 'life'));
      try {
        const record = await startTask(starting, caller, task, id);
        const isNew = task.idempotencyKey === undefined;
        const ended = await withLimit(waitMs, signals, limit => awaitEnd(broker, tap, record, limit, isNew));
        return await payloads.withOutput(await latestRecord(caller, ended));
      } finally {
        tap.close();
      }
    },

    /** @throws GatewayError TASK_NOT_FOUND */
    get: async (caller: Caller, id: string, name?: string): Promise<TaskRecord> =>
      payloads.whole(await getTask(find, caller, id, name)),

    /** A task's record as it is stored: large payloads are references. @throws GatewayError TASK_NOT_FOUND */
    look: (caller: Caller, id: string): Promise<TaskRecord> => getTask(find, caller, id),

    /** A record with its large payloads in place. @throws GatewayError see `PayloadReader.whole` */
    complete: (record: TaskRecord, withInput: boolean): Promise<TaskRecord> =>
      withInput ? payloads.whole(record) : payloads.withOutput(record),

    /**
     * Waits for a task's end, at most `waitMs`, and until one of the signals is aborted.
     * @throws GatewayError TASK_NOT_FOUND
     */
    result: async (
      caller: Caller,
      id: string,
      waitMs: number,
      signals: readonly AbortSignal[],
      name?: string,
    ): Promise<TaskRecord> => {
      // Of a task that was accepted here a moment ago nothing is written yet but its events, and those are read below.
      const accepted = pending.get(id);
      const isKnown = accepted?.owner === caller.owner && (name === undefined || accepted.name === name);
      const record = isKnown ? accepted : await getTask(find, caller, id, name);
      const waits = waitMs > 0 && !isTerminal(record.status);
      using _permit = waits ? streams.acquire(caller.owner, 'wait') : undefined;
      const tap = feed.open(broker.topology.subjects.live(record, 'life'));
      try {
        const ended = await withLimit(waitMs, signals, limit => awaitEnd(broker, tap, record, limit));
        return await payloads.withOutput(await latestRecord(caller, ended));
      } finally {
        tap.close();
      }
    },

    list: (caller: Caller, query: z.output<typeof listRequestSchema>): TaskPage =>
      listTasks(index, caller, query, Date.now()),

    cancel,

    /** Has a running task pause at its next checkpoint, or go on. @throws GatewayError see `controlTask` */
    control: async (caller: Caller, id: string, what: 'pause' | 'resume'): Promise<ControlOutcome> => {
      const task = await getTaskTo('steerTask', caller, id);
      return controlTask({ broker, definitions }, task, what, caller.owner);
    },

    /** Cancels what fits and has not ended. A value counts what could not be canceled. */
    cancelMany: (caller: Caller, query: CancelManyQuery, signal: AbortSignal): Promise<CancelManyOutcome> => {
      const deps = { index, logger, cancel: (id: string) => cancel(caller, id, query.reason) };
      return cancelMany(deps, caller, query, signal);
    },

    openWatch,

    /** @throws GatewayError TASK_NOT_FOUND */
    watch: async function* (...call: Parameters<typeof openWatch>): AsyncGenerator<Watched, void, void> {
      const events = await openWatch(...call);
      if (events) yield* events;
    },

    pausedTypes: (names: readonly string[]): Promise<ReadonlySet<string>> => pausedTypes(broker, names),

    /** @throws GatewayError FORBIDDEN, UNKNOWN_TASK */
    setPaused: async (caller: Caller, name: string, paused: boolean): Promise<TypePause> => {
      requirePermission(caller, 'pauseType');
      if (!definitions.has(name)) throw unknownTask(name);
      await (paused ? pauseType(broker, name) : resumeType(broker, name));
      return { name, paused };
    },

    watchMany: (
      caller: Caller,
      ids: ReadonlySet<string> | undefined,
      lastEventId: string | undefined,
      signal: AbortSignal,
    ): AsyncGenerator<WatchedMany, void, void> =>
      watchMany({ broker, feed, replays }, caller, ids, lastEventId, signal),

    watchList: (caller: Caller, signal: AbortSignal): AsyncGenerator<WatchedList, void, void> =>
      watchList(index, caller, signal),
  };
}

export type TaskService = ReturnType<typeof createTaskService>;

/** That there is no kind of task of a name. */
export function unknownTask(name: string): GatewayError {
  return new GatewayError('UNKNOWN_TASK', `The contract of this gateway has no task ${name}.`);
}
