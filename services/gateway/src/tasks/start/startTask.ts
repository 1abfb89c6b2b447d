import { type Broker, encodeRequest } from '@longhaul/broker';
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
  /** Told of every task that this gateway has accepted. */
  readonly onAccepted: (record: TaskRecord) => void;
};
/** A task to start: which one, its input, and what stands beside it. */
export type NewTask = StartOptions & {
  readonly name: string;
  readonly definition: TaskDefinition;
  readonly input?: unknown;
  /** The ended task that it tries again. */
  readonly retryOf?: string;
  /** The recurring schedule whose firing starts it. */
  readonly scheduleId?: string;
};

/**
 * Accepts a task: validates, then one publish. Invariant 1, accepted-is-durable, begins with its acknowledgement;
 * the record follows behind.
 *
 * @param id the id to use, so that a caller can listen before anything can happen; default: a new one
 * @throws GatewayError INVALID_INPUT, INVALID_REQUEST, PAYLOAD_TOO_LARGE, TASK_BUSY, IDEMPOTENCY_CONFLICT,
 *   NATS_UNAVAILABLE, STORAGE_FULL, TOPOLOGY_LOST
 */
export async function startTask(
  deps: StartDeps,
  caller: Caller,
  task: NewTask,
  id: string = newTaskId(),
): Promise<TaskRecord> {
  // Without an event stream it could not end: invariant 1, accepted-is-durable.
  deps.requireTopology();
  const { limits } = task.definition;
  const parsed = await validateInput(task.name, task.definition, task.input);
  const concurrencyKeys = keysOf(task.name, limits, parsed);
  const now = Date.now();
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
  const outgoing = encodeRequest(deps.broker.payloads, address, head, task.input);
  // A delayed start is not refused: nobody knows yet who is there when it is due. It waits in line then.
  const reserve = async () =>
    head.scheduledFor === undefined
      ? deps.permits.reserve(caller, address, limits, concurrencyKeys)
      : undefined;
  if (task.idempotencyKey === undefined) {
    const reserved = await reserve();
    try {
      await publishRequest(deps.broker, outgoing, address.id);
    } catch (error) {
      await reserved?.giveBack();
      throw error;
    }
  } else {
    // What was reserved for a task that is there already is its own.
    const earlier = await publishOnce(deps, caller, task, outgoing, reserve);
    if (earlier) return earlier;
  }
  const record = recordOfRequest(address.id, address.name, outgoing.request);
  deps.pending.add(record);
  deps.onAccepted(record);
  deps.placeholder.taskStarted(now);
  return record;
}

/** What became of one task of a batch. */
export type Started = { readonly record: TaskRecord } | { readonly error: unknown };

/**
 * How many starts of a batch are under way at a time. One after the other, each would wait for the disk of the one
 * before; all at once, a batch with idempotency keys would fill the server's queue of reads for everybody else.
 */
const concurrency = 256;

/** Accepts many tasks, each for itself: what is wrong with one loses no other. Answers in the order of the tasks. */
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
