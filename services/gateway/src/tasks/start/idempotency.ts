import { type Broker, isSameInput, keyedTaskId, lastLifecycle, type OutgoingRequest } from '@longhaul/broker';
import {
  GatewayError,
  isTerminalEvent,
  type PayloadRef,
  type TaskAddress,
  type TaskRecord,
} from '@longhaul/proto/wire';
import { v7 as uuidV7 } from 'uuid';
import type { Caller } from '../../auth/caller.ts';
import { throughElection } from '../patiently.ts';
import type { FindTask } from '../read/findTask.ts';
import { publishRequest } from './publishRequest.ts';

/** What is compared with an earlier task of the same idempotency key. */
export type KeyedTask = {
  readonly input?: unknown;
  readonly retryOf?: string | undefined;
};
type Deps = { readonly broker: Broker; readonly find: FindTask };

/** The task id that is derived from an idempotency key; `undefined` without a key. */
export function taskIdOf(
  broker: Broker,
  caller: Caller,
  task: { readonly name: string; readonly idempotencyKey?: string | undefined },
): string | undefined {
  return task.idempotencyKey === undefined
    ? undefined
    : keyedTaskId(broker, caller.owner, task.name, task.idempotencyKey);
}

/**
 * Publishes a start with an idempotency key, unless its task exists already.
 *
 * @param beforePublish called before a new task is published
 * @returns the task that was started with the key before; `undefined`: the task is new
 * @throws GatewayError IDEMPOTENCY_CONFLICT, NATS_UNAVAILABLE; and what `beforePublish` throws
 */
export async function publishOnce(
  { broker, find }: Deps,
  caller: Caller,
  task: KeyedTask,
  outgoing: OutgoingRequest,
  beforePublish: () => Promise<unknown>,
): Promise<TaskRecord | undefined> {
  const { id } = outgoing.address;
  const earlier =
    (await find(caller, id)) ??
    (await throughElection(() => removeExpiredLog(broker, outgoing.address, () => find(caller, id))));
  if (earlier) return sameTask(earlier, task, outgoing.request.inputRef);
  await beforePublish();
  for (let messageId = id; ; ) {
    const { duplicate, seq } = await publishRequest(broker, outgoing, messageId);
    if (!duplicate) return undefined;
    // Two starts with one key raced, and the other one was stored: Nats-Msg-Id let exactly one through.
    const winner = await find(caller, id);
    if (winner) return sameTask(winner, task, outgoing.request.inputRef);
    // The task that was stored under this message id has ended and expired since. All starts that find this derive the
    // same next message id, so that again only one of them is stored.
    messageId = `${id}.${seq}`;
  }
}

function sameTask(earlier: TaskRecord, task: KeyedTask, inputRef: PayloadRef | undefined): TaskRecord {
  if (!isSameInput(earlier, task.input, inputRef)) {
    throw new GatewayError(
      'IDEMPOTENCY_CONFLICT',
      `The idempotency key was used for task ${earlier.id} with another input. Use a new key, or the same input.`,
    );
  }
  if (earlier.retryOf !== task.retryOf) {
    throw new GatewayError(
      'IDEMPOTENCY_CONFLICT',
      `The idempotency key was used for task ${earlier.id}, which is not a retry of the same task. Use a new key.`,
    );
  }
  return earlier;
}

/**
 * Events are kept for longer than records. A key whose task has expired starts a new task with the same id, whose log must
 * not contain the end of the old one. Only events up to that end are removed, so that a concurrent start whose task was
 * claimed already loses nothing.
 *
 * @param find reads the task again when its log has an end: the task of a concurrent start may have run to that end by
 *   now, and then its log must not be removed
 * @returns the task of the concurrent start
 */
async function removeExpiredLog(
  broker: Broker,
  task: TaskAddress,
  find: () => Promise<TaskRecord | undefined>,
): Promise<TaskRecord | undefined> {
  const { subjects, eventStream } = broker.topology;
  const last = await lastLifecycle(broker, task);
  // Nothing follows a terminal event: if the log has one, it is the last.
  if (!last || !isTerminalEvent(last.event)) return undefined;
  const raced = await find();
  const filter = subjects.eventsOf(task.id);
  if (!raced) await broker.jsm.streams.purge(eventStream, { filter, seq: last.seq + 1 });
  return raced;
}

/** Creates the id of a new task, which sorts by creation time (RFC 9562, version 7). */
export function newTaskId(): string {
  return uuidV7();
}
