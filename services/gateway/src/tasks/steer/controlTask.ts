import {
  appendLifecycle,
  askCommand,
  BadMessageError,
  type Broker,
  decode,
  isNoResponders,
  isUnavailable,
  isWrongLastSequence,
  type LogEnd,
  readLogEnd,
} from '@longhaul/broker';
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
  requestOfRecord,
  stateOfRequest,
  type TaskRecord,
} from '@longhaul/proto/wire';

/** How long an executor may take to answer that the request is in the log. */
const answerTimeoutMs = 2_000;
/** How often it begins anew when it meets other writers. */
const rounds = 20;

type Deps = { readonly broker: Broker; readonly definitions: ReadonlyMap<string, TaskDefinition> };

/**
 * Has a running task pause at its next checkpoint, or go on.
 *
 * The executor that runs it is asked, and says so in the log. When none answers (it was lost, and nobody has taken the
 * task over yet; or it is slow), the event is appended here, and asked for once more: an executor subscribes before it
 * reads the log, so it finds the event there or is asked, as with a cancel. What the log says outlives executors: a
 * task that is to pause does so in its next attempt as well, at the first checkpoint, until somebody resumes it.
 *
 * @param by who asks
 * @throws GatewayError NOT_PAUSABLE, TASK_NOT_RUNNING; NATS_UNAVAILABLE when the task moved on in every round
 */
export async function controlTask(
  { broker, definitions }: Deps,
  task: TaskRecord,
  what: 'pause' | 'resume',
  by: string,
): Promise<ControlOutcome> {
  const { id, name } = task;
  if (definitions.get(name)?.policy.pausable === false) {
    throw new GatewayError(
      'NOT_PAUSABLE',
      `Task ${id} cannot be paused: ${name} is not defined with pausable: true. Cancel it, or pause the name ${name} so that no other one starts.`,
    );
  }
  requireNotEnded(task, task.status, what);
  for (let round = 0; round < rounds; round += 1) {
    const end = await readLogEnd(broker, task, stateOfRequest(task));
    const { status } = end.state;
    requireNotEnded(task, status, what);
    if (isToPause(end.state) === (what === 'pause')) return { id, status };
    if (what === 'pause' && end.state.events >= lifecycleLimit)
      throw new GatewayError(
        'NOT_PAUSABLE',
        `Task ${id} has ${end.state.events} lifecycle events, as many as one may have before its end: it cannot be paused again. Cancel it, or let it run.`,
      );
    if (await isAnswered(broker, id, what, by)) {
      const now = await readLogEnd(broker, task, stateOfRequest(task));
      return { id, status: now.state.status };
    }
    if (what === 'pause' && !isRunning(status)) throw notRunning(task, status, what);
    if (!(await append(broker, task, what, by, end))) continue;
    await isAnswered(broker, id, what, by);
    return { id, status: what === 'resume' && status === 'PAUSED' ? 'RUNNING' : status };
  }
  throw new GatewayError(
    'NATS_UNAVAILABLE',
    `The task moved on whenever it was about to ${what}. Try again in a moment.`,
  );
}

function requireNotEnded(task: TaskRecord, status: TaskStatus, what: 'pause' | 'resume'): void {
  if (isTerminal(status) || status === 'STOPPING') throw notRunning(task, status, what);
}

function notRunning({ id, name }: TaskRecord, status: TaskStatus, what: 'pause' | 'resume'): GatewayError {
  const advice = isTerminal(status)
    ? 'It has ended.'
    : status === 'STOPPING'
      ? 'It is being canceled.'
      : `Wait until it runs, or pause the name ${name} so that it does not start.`;
  return new GatewayError('TASK_NOT_RUNNING', `Task ${id} is ${status}, so it cannot ${what}. ${advice}`);
}

async function isAnswered(
  broker: Broker,
  id: string,
  what: ControlRequest['do'],
  by: string,
): Promise<boolean> {
  const request: ControlRequest = { v: 1, do: what, by };
  try {
    const subject = broker.topology.subjects.control(id);
    const answer = await askCommand(broker, subject, request, answerTimeoutMs);
    decode(controlReplySchema, subject, answer.data);
    return true;
  } catch (error) {
    if (error instanceof BadMessageError || isNoResponders(error) || isUnavailable(error)) return false;
    throw error;
  }
}

/** @returns whether it was stored: no other event came first */
async function append(
  broker: Broker,
  task: TaskRecord,
  what: 'pause' | 'resume',
  by: string,
  end: LogEnd,
): Promise<boolean> {
  const type = what === 'pause' ? 'pausing' : 'resumed';
  const change = { type, at: new Date().toISOString(), by } as const;
  try {
    await appendLifecycle(broker, task, requestOfRecord(task), end, change);
    return true;
  } catch (error) {
    if (isWrongLastSequence(error)) return false;
    throw error;
  }
}
