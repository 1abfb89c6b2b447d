import { type Broker, readLogEnd } from '@longhaul/broker';
import type { TaskDefinition, TaskStatus } from '@longhaul/proto';
import {
  type ControlOutcome,
  type ControlRequest,
  controlReplySchema,
  GatewayError,
  isRunning,
  isTerminal,
  isToPause,
  lifecycleLimit,
  stateOfRequest,
  type TaskRecord,
} from '@longhaul/proto/wire';
import { appendUnlessChanged, askExecutor, steerTask } from './steerTask.ts';

type Deps = { readonly broker: Broker; readonly definitions: ReadonlyMap<string, TaskDefinition> };

/**
 * Pauses a running task at its next checkpoint, or resumes it.
 *
 * The executor that runs it is asked, and appends the event. Where none answers (it was lost and no other has taken the
 * task over yet, or it is slow), the event is appended here, and the executor is asked again: see `steerTask`. What is
 * in the log outlives executors: a task that is to pause does so in its next attempt as well, at the first checkpoint,
 * until it is resumed.
 *
 * @param by the owner of the caller
 * @throws GatewayError NOT_PAUSABLE, TASK_NOT_RUNNING; NATS_UNAVAILABLE when another event came first in every round
 */
export async function controlTask(
  { broker, definitions }: Deps,
  task: TaskRecord,
  verb: 'pause' | 'resume',
  by: string,
): Promise<ControlOutcome> {
  const { id, name } = task;
  const isPause = verb === 'pause';
  if (definitions.get(name)?.policy.pausable === false) {
    throw new GatewayError(
      'NOT_PAUSABLE',
      `Task ${id} cannot be paused: ${name} is not defined with pausable: true. Cancel it, or pause the task type ${name} so that no other task of it starts.`,
    );
  }
  requireNotEnded(task, task.status, verb);
  const command: ControlRequest = { v: 1, do: verb, by };
  const ask = () => askExecutor(broker, broker.topology.subjects.control(id), command, controlReplySchema);
  return steerTask<ControlOutcome>(broker, task, {
    verb,
    decide: ({ state }) => {
      requireNotEnded(task, state.status, verb);
      if (isToPause(state) === isPause) return { id, status: state.status };
      if (isPause && state.events >= lifecycleLimit)
        throw new GatewayError(
          'NOT_PAUSABLE',
          `Task ${id} has ${state.events} lifecycle events, the limit before its end, so it cannot be paused again. Cancel it, or let it run.`,
        );
      return undefined;
    },
    ask,
    accepted: async () => {
      const { state } = await readLogEnd(broker, task, stateOfRequest(task));
      return { id, status: state.status };
    },
    append: async end => {
      if (isPause && !isRunning(end.state.status)) throw notRunning(task, end.state.status, verb);
      const type = isPause ? 'pausing' : 'resumed';
      return appendUnlessChanged(broker, task, end, { type, at: broker.clock.now(), by });
    },
    finish: async ({ state: { status } }) => {
      await ask();
      return { id, status };
    },
  });
}

function requireNotEnded(task: TaskRecord, status: TaskStatus, verb: 'pause' | 'resume'): void {
  if (isTerminal(status) || status === 'STOPPING') throw notRunning(task, status, verb);
}

function notRunning({ id, name }: TaskRecord, status: TaskStatus, verb: 'pause' | 'resume'): GatewayError {
  const advice = isTerminal(status)
    ? 'It has ended.'
    : status === 'STOPPING'
      ? 'It is being canceled.'
      : `Wait until it runs, or pause the task type ${name} so that it does not start.`;
  return new GatewayError('TASK_NOT_RUNNING', `Task ${id} is ${status}, so it cannot ${verb}. ${advice}`);
}
