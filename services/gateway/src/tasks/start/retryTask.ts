import { type Broker, readFromLeader, readLogEnd } from '@longhaul/broker';
import type { TaskDefinition, TaskStatus } from '@longhaul/proto';
import { GatewayError, isTerminal, stateOfRequest, type TaskRecord } from '@longhaul/proto/wire';
import type { Caller } from '../../auth/caller.ts';
import { getTask } from '../read/findTask.ts';
import type { PayloadReader } from '../read/payloadReader.ts';
import { type StartDeps, startTask } from './startTask.ts';

export type RetryDeps = StartDeps & {
  /** The task definitions of the contract, by task type. */
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  readonly payloads: PayloadReader;
};

/**
 * Starts an ended task again, as a new task of the caller with the same task type, input, priority and policy overrides,
 * linked by `retryOf`. The input is validated by the current contract.
 *
 * @param idempotencyKey the same key gives the same new task; without one, every call starts another
 * @throws GatewayError TASK_NOT_FOUND, TASK_NOT_ENDED, UNKNOWN_TASK, and what `startTask` throws
 */
export async function retryTask(
  deps: RetryDeps,
  caller: Caller,
  id: string,
  idempotencyKey: string | undefined,
): Promise<TaskRecord> {
  const { broker, find, definitions } = deps;
  const task = await getTask(find, caller, id);
  const status = await statusInLog(broker, task);
  if (!isTerminal(status)) {
    throw new GatewayError(
      'TASK_NOT_ENDED',
      `Task ${id} is ${status}. Only an ended task can be started again: wait for its end, or cancel it first.`,
    );
  }
  const { name, priority, policy } = task;
  const definition = definitions.get(name);
  if (!definition) {
    throw new GatewayError(
      'UNKNOWN_TASK',
      `The contract of this gateway no longer has the task type ${name}, so ${id} cannot be started again.`,
    );
  }
  return startTask(deps, caller, {
    name,
    definition,
    priority,
    input: await inputOf(deps, task),
    retryOf: id,
    ...(policy === undefined ? {} : { policy }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
}

/** Records are written after events: a caller that has just seen the end may retry before the record has it. */
async function statusInLog(broker: Broker, task: TaskRecord): Promise<TaskStatus> {
  if (isTerminal(task.status)) return task.status;
  return (await readLogEnd(broker, task, stateOfRequest(task))).state.status;
}

/** Reads the input. A record that would be too large has no input; the task's first event has it. */
async function inputOf({ broker, payloads }: RetryDeps, task: TaskRecord): Promise<unknown> {
  if (task.inputRef) return payloads.read(task.inputRef, `The input of task ${task.id}`);
  if (!task.omitted?.includes('input')) return task.input;
  for await (const { stored } of readFromLeader(broker, broker.topology.subjects.eventsOf(task.id), 1)) {
    if (stored?.event.task) return stored.event.task.input;
    // A foreign writer's message may stand before it, but no event.
    if (stored) break;
  }
  throw new GatewayError(
    'INVALID_INPUT',
    `The input of task ${task.id} is no longer kept. Start a new task with it.`,
  );
}
