import { type Broker, readFromLeader, readLogEnd } from '@longhaul/broker';
import type { TaskDefinition, TaskStatus } from '@longhaul/proto';
import { GatewayError, isTerminal, stateOfRequest, type TaskRecord } from '@longhaul/proto/wire';
import type { Caller } from '../../auth/caller.ts';
import { getTask } from '../read/findTask.ts';
import type { PayloadReader } from '../read/payloadReader.ts';
import { type StartDeps, startTask } from './startTask.ts';

export type RetryDeps = StartDeps & {
  /** Every task of the contract, by name. */
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  readonly payloads: PayloadReader;
};

/**
 * Starts an ended task again, as a new task of the caller: same name, input, priority and overrides of the policy,
 * linked by `retryOf`. The input is checked by the contract as it is now.
 *
 * @param idempotencyKey the same key gives the same new task; without one, every call makes another
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
      `Task ${id} is ${status}. Only a task that has ended can be tried again: wait for its end, or cancel it first.`,
    );
  }
  const { name, priority, policy } = task;
  const definition = definitions.get(name);
  if (!definition) {
    throw new GatewayError(
      'UNKNOWN_TASK',
      `The contract of this gateway has no task ${name} any more, so ${id} cannot be tried again.`,
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

/** The record is written behind the events: who has just seen the end may retry before the record knows of it. */
async function statusInLog(broker: Broker, task: TaskRecord): Promise<TaskStatus> {
  if (isTerminal(task.status)) return task.status;
  return (await readLogEnd(broker, task, stateOfRequest(task))).state.status;
}

/** A record that was too large has left its input out; the task's first event has it. */
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
