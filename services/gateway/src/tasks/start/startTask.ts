import { type Broker, encodeRequest, pace } from '@longhaul/broker';
import type { TaskDefinition } from '@longhaul/proto';
import {
  policyOverridesSchema,
  recordOfRequest,
  type StartOptions,
  type TaskRecord,
  validateInput,
} from '@longhaul/proto/wire';
import pMap from 'p-map';
import type { Caller } from '../../auth/caller.ts';
import { requestScope } from '../../telemetry/requestScope.ts';
import type { FindTask } from '../read/findTask.ts';
import type { PayloadReader } from '../read/payloadReader.ts';
import { newTaskId, publishOnce, taskIdOf } from './idempotency.ts';
import type { PendingRecords } from './pendingRecords.ts';
import type { Placeholder } from './placeholder.ts';
import { publishRequest } from './publishRequest.ts';
import { keysOf, type ReservedPermits } from './reservedPermits.ts';

export type StartDeps = {
  readonly broker: Broker;
  readonly pending: PendingRecords;
  readonly placeholder: Placeholder;
  readonly find: FindTask;
  readonly permits: ReservedPermits;
  /** @throws GatewayError TOPOLOGY_LOST */
  readonly requireTopology: () => void;
  /** Called with every task that this gateway has accepted. */
  readonly onAccepted: (record: TaskRecord) => void;
};
/** A task to start: its type, its input and its options. */
export type NewTask = StartOptions & {
  readonly name: string;
  readonly definition: TaskDefinition;
  readonly input?: unknown;
  /** The ended task that is started again. */
  readonly retryOf?: string;
  /** The recurring schedule whose firing starts it. */
  readonly scheduleId?: string;
};

/**
 * Accepts a task: validates the input, then publishes one message. With its acknowledgement invariant 1, accepted-is-durable,
 * holds; the record is written later.
 *
 * @param id the task's id, so that a caller can listen to it before the start; default: a new one
 * @throws GatewayError INVALID_INPUT, INVALID_REQUEST, PAYLOAD_TOO_LARGE, TASK_BUSY, IDEMPOTENCY_CONFLICT,
 *   NATS_UNAVAILABLE, STORAGE_FULL, TOPOLOGY_LOST
 */
export async function startTask(
  deps: StartDeps,
  caller: Caller,
  task: NewTask,
  id: string = newTaskId(),
): Promise<TaskRecord> {
  // Without an event stream the task could not end: invariant 1, accepted-is-durable.
  deps.requireTopology();
  const { limits } = task.definition;
  const parsed = await validateInput(task.name, task.definition, task.input);
  const concurrencyKeys = keysOf(task.name, limits, parsed);
  const now = deps.broker.clock.nowMs();
  const head = {
    v: 1 as const,
    owner: caller.owner,
    createdAt: new Date(now).toISOString(),
    priority: task.priority ?? 'normal',
    ...(task.idempotencyKey === undefined ? {} : { idempotencyKey: task.idempotencyKey }),
    ...(task.policy === undefined ? {} : { policy: policyOverridesSchema.parse(task.policy) }),
    ...(concurrencyKeys.length === 0 ? {} : { concurrencyKeys }),
    ...(task.startWithinMs === undefined
      ? {}
      : { startBy: new Date(now + (task.delayMs ?? 0) + task.startWithinMs).toISOString() }),
    ...(task.retryOf === undefined ? {} : { retryOf: task.retryOf }),
    ...(task.scheduleId === undefined ? {} : { scheduleId: task.scheduleId }),
    ...(task.delayMs ? { scheduledFor: new Date(now + task.delayMs).toISOString() } : {}),
  };
  const address = { id: taskIdOf(deps.broker, caller, task) ?? id, name: task.name };
  const encoded = requestScope.getStore()?.largeBody?.encoded(task.input);
  if (encoded) await pace(encoded.bytes.length);
  const outgoing = encodeRequest(deps.broker.payloads, address, head, task.input, encoded);
  // A delayed start is not refused, since the holders at its due time are unknown. It waits for a permit then.
  const reserve = async () =>
    head.scheduledFor === undefined
      ? deps.permits.reserve(caller, address, limits, concurrencyKeys)
      : undefined;
  if (task.idempotencyKey === undefined) {
    const reserved = await reserve();
    try {
      // Firings of schedules have an id of their own each time, and yet may be made twice.
      await publishRequest(deps.broker, outgoing, address.id, task.scheduleId === undefined);
    } catch (error) {
      await reserved?.release();
      throw error;
    }
  } else {
    // Permits that were acquired for a task that exists already belong to that task.
    const earlier = await publishOnce(deps, caller, task, outgoing, reserve);
    if (earlier) return earlier;
  }
  const record = recordOfRequest(address.id, address.name, outgoing.request);
  deps.pending.add(record, outgoing.payload.length);
  deps.onAccepted(record);
  deps.placeholder.taskStarted(now);
  return record;
}

/** The result of one start of a batch. */
export type Started = { readonly record: TaskRecord } | { readonly error: unknown };

/**
 * How many starts of a batch are under way at a time. One after the other, each would wait for the disk write of the previous
 * one. All at once, a batch with idempotency keys would fill the server's queue of reads and delay other callers.
 */
const concurrency = 256;

/** Accepts many tasks independently: an error of one does not affect the others. Results are in the order of the tasks. */
export function startMany(
  deps: StartDeps & { readonly payloads: PayloadReader },
  caller: Caller,
  tasks: readonly NewTask[],
): Promise<Started[]> {
  return pMap(
    tasks,
    task =>
      startTask(deps, caller, task)
        .then(record => deps.payloads.withOutput(record))
        .then(
          record => ({ record }),
          (error: unknown) => ({ error }),
        ),
    { concurrency },
  );
}
