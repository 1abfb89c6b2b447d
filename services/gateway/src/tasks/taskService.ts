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
import { type CancelOptions, cancelTask } from './steer/cancelTask.ts';
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
  /** @throws GatewayError TOPOLOGY_LOST, STORAGE_FULL: an accepted task could not be stored or run */
  readonly requireTopology: () => void;
  /** Called with every task that this gateway has accepted. */
  readonly onAccepted: (record: TaskRecord) => void;
  readonly cancelOptions: CancelOptions;
  /** The task definitions of the contract, by task type. */
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  /** How many stored events may have followed the `lastEventId` of a watcher of many tasks. */
  readonly replayEvents: number;
  /** The streams and waiting calls of each owner. */
  readonly streams: OwnerStreams;
  readonly logger: Logger;
};

/**
 * Creates the operations of the gateway, independent of tRPC and REST. Every call has a caller, who can read and change
 * only what the caller's role permits (invariant 8, owner-only).
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

  /** Reads a task for an action of the caller. @throws GatewayError TASK_NOT_FOUND, FORBIDDEN */
  const getTaskTo = async (action: Action, caller: Caller, id: string): Promise<TaskRecord> => {
    const record = await getTask(find, caller, id);
    requirePermission(caller, action, record.owner);
    return record;
  };

  /** @throws GatewayError TASK_NOT_FOUND, FORBIDDEN */
  const cancel = async (caller: Caller, id: string, reason: string | undefined): Promise<CancelOutcome> =>
    cancelTask(broker, await getTaskTo('steerTask', caller, id), reason, deps.cancelOptions);

  /** Reads the record again of a task that did not end during the wait: it can be newer than what the wait has seen. */
  const latestRecord = async (caller: Caller, waited: TaskRecord): Promise<TaskRecord> => {
    if (isTerminal(waited.status)) return waited;
    const record = await find(caller, waited.id);
    return record && (record.seq >= waited.seq || isTerminal(record.status)) ? record : waited;
  };

  /**
   *      * Finds a task to watch. Errors are thrown before the stream starts.
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

    /** Starts tasks independently of each other; each result is a record or an error. */
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
      // Before the start, so that a refused call starts nothing.
      using _permit = waitMs > 0 ? streams.acquire(caller.owner, 'wait') : undefined;
      const id = taskIdOf(broker, caller, task) ?? newTaskId();
      // Opened before the start, so that no event can be missed and nothing has to be read first.
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

    /** Reads a task's record as it is stored: large payloads are references. @throws GatewayError TASK_NOT_FOUND */
    getStored: (caller: Caller, id: string): Promise<TaskRecord> => getTask(find, caller, id),

    /** Reads the large payloads of a record. @throws GatewayError see `PayloadReader.whole` */
    withPayloads: (record: TaskRecord, withInput: boolean): Promise<TaskRecord> =>
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
      // A task that was accepted here a moment ago has no record yet, but its events are read below.
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
      listTasks(index, caller, query, broker.clock.nowMs()),

    cancel,

    /** Pauses a running task at its next checkpoint, or resumes it. @throws GatewayError see `controlTask` */
    control: async (caller: Caller, id: string, what: 'pause' | 'resume'): Promise<ControlOutcome> => {
      const task = await getTaskTo('steerTask', caller, id);
      return controlTask({ broker, definitions }, task, what, caller.owner);
    },

    /** Cancels the active tasks that match. The result counts the tasks that could not be canceled. */
    cancelMany: (caller: Caller, query: CancelManyQuery, signal: AbortSignal): Promise<CancelManyOutcome> => {
      const { nowMs } = broker.clock;
      const deps = { index, logger, nowMs, cancel: (id: string) => cancel(caller, id, query.reason) };
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

/** The error for a task type that the contract does not have. */
export function unknownTask(name: string): GatewayError {
  return new GatewayError('UNKNOWN_TASK', `The contract of this gateway has no task type ${name}.`);
}
