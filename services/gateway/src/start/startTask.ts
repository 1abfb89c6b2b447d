import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Broker, encode, isUnavailable } from '@longhaul/broker';
import {
  GatewayError,
  payloadLimitBytes,
  recordOfRequest,
  type StartOptions,
  type TaskAddress,
  type TaskDefinition,
  type TaskRecord,
  type TaskRequest,
} from '@longhaul/proto';
import type { Caller } from '../caller.ts';
import type { FindTask } from '../read/findTask.ts';
import type { PendingRecords } from './pendingRecords.ts';
import { keyedTaskId, newTaskId } from './taskIds.ts';
import { validateInput } from './validateInput.ts';

export type StartDeps = {
  readonly broker: Broker;
  readonly pending: PendingRecords;
  readonly find: FindTask;
};
/** A task to start: which one, its input, and what stands beside it. */
export type NewTask = StartOptions & {
  readonly name: string;
  readonly definition: TaskDefinition;
  readonly input?: unknown;
};

/** A request that JetStream does not acknowledge is published again, under the same message id, so often. */
const publishTries = 3;
const retryDelayMs = 250;

/**
 * Accepts a task: validates, then one publish. Invariant 1, accepted-is-durable, begins with its acknowledgement;
 * the record follows behind.
 *
 * @param id the id to use, so that a caller can listen before anything can happen; default: a new one
 * @throws GatewayError INVALID_INPUT, PAYLOAD_TOO_LARGE, IDEMPOTENCY_CONFLICT, NATS_UNAVAILABLE
 */
export async function startTask(
  deps: StartDeps,
  caller: Caller,
  task: NewTask,
  id: string = newTaskId(),
): Promise<TaskRecord> {
  await validateInput(task.name, task.definition, task.input);
  const now = Date.now();
  const request: TaskRequest = {
    v: 1,
    owner: caller.owner,
    createdAt: new Date(now).toISOString(),
    priority: task.priority ?? 'normal',
    input: task.input,
    ...(task.idempotencyKey === undefined ? {} : { idempotencyKey: task.idempotencyKey }),
    ...(task.delayMs ? { scheduledFor: new Date(now + task.delayMs).toISOString() } : {}),
  };
  const payload = encode(request);
  if (payload.length > payloadLimitBytes) {
    throw new GatewayError(
      'PAYLOAD_TOO_LARGE',
      `The request has ${payload.length} bytes; at most ${payloadLimitBytes} are taken. Pass a reference (a path or URL) instead of the data itself.`,
    );
  }
  const address = { id: taskIdOf(caller, task) ?? id, name: task.name };
  if (task.idempotencyKey !== undefined) {
    const earlier = await deps.find(caller, address.id);
    if (earlier) return sameTask(earlier, task);
  }
  const { duplicate } = await publishRequest(deps.broker, address, request, payload);
  if (duplicate && task.idempotencyKey !== undefined) {
    // Two starts with one key raced, and the other one was stored. Nats-Msg-Id let exactly one through.
    const winner = await deps.find(caller, address.id);
    if (winner) return sameTask(winner, task);
  }
  const record = recordOfRequest(address.id, address.name, request);
  deps.pending.add(record);
  return record;
}

/** The id that a start's idempotency key stands for. */
export function taskIdOf(
  caller: Caller,
  task: { readonly name: string; readonly idempotencyKey?: string | undefined },
): string | undefined {
  return task.idempotencyKey === undefined
    ? undefined
    : keyedTaskId(caller.owner, task.name, task.idempotencyKey);
}

function sameTask(earlier: TaskRecord, task: NewTask): TaskRecord {
  // Through JSON, since that is how the earlier input travelled.
  const input: unknown = JSON.parse(JSON.stringify(task.input ?? null));
  if (!isDeepStrictEqual(earlier.input ?? null, input)) {
    throw new GatewayError(
      'IDEMPOTENCY_CONFLICT',
      `The idempotency key was used for task ${earlier.id} with another input. Use a new key, or the same input.`,
    );
  }
  return earlier;
}

async function publishRequest(
  broker: Broker,
  address: TaskAddress,
  request: TaskRequest,
  payload: Uint8Array,
): Promise<{ duplicate: boolean }> {
  const { subjects } = broker.topology;
  const target = subjects.request({ ...address, priority: request.priority });
  const publish = () =>
    request.scheduledFor === undefined
      ? broker.js.publish(target, payload, { msgID: address.id })
      : broker.js.publish(subjects.schedule(address), payload, {
          msgID: address.id,
          schedule: { specification: { at: new Date(request.scheduledFor) }, target },
        });
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await publish();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      // A lost acknowledgement may hide a stored request; the message id makes the next try answer `duplicate`.
      if (attempt >= publishTries) {
        throw new GatewayError(
          'NATS_UNAVAILABLE',
          'NATS did not acknowledge the task. Try again in a moment; with an idempotency key it cannot start twice.',
          { cause: error },
        );
      }
      await delay(retryDelayMs);
    }
  }
}
