import {
  appendEvent,
  askCommand,
  BadMessageError,
  type Broker,
  decode,
  isNoResponders,
  isUnavailable,
  isWrongLastSequence,
  readChain,
} from '@longhaul/broker';
import {
  type ControlOutcome,
  type ControlRequest,
  controlReplySchema,
  GatewayError,
  isRunning,
  isTerminal,
  isToPause,
  recordOfRequest,
  requestOfRecord,
  type TaskDefinition,
  type TaskRecord,
} from '@longhaul/proto';

/** How long an executor may take to answer that the wish is in the chain. */
const answerTimeoutMs = 2_000;
/** How often it begins anew when it meets other writers. */
const rounds = 20;

type Deps = { readonly broker: Broker; readonly definitions: ReadonlyMap<string, TaskDefinition> };

/**
 * Has a running task pause at its next checkpoint, or go on.
 *
 * The executor that runs it is asked, and says so in the chain. When none answers (it was lost, and nobody has taken the
 * task over yet; or it is slow), the wish is appended here, and asked for once more: an executor subscribes before it
 * reads the chain, so it finds the wish there or is asked, as with a cancel. What the chain says outlives executors: a
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
  requireNotEnded(task, what);
  const unbegun = recordOfRequest(id, name, requestOfRecord(task));
  for (let round = 0; round < rounds; round += 1) {
    const { record, lastSeq } = await readChain(broker, task, unbegun, 'leader');
    requireNotEnded(record, what);
    if (isToPause(record) === (what === 'pause')) return { id, status: record.status };
    if (await isAnswered(broker, id, what, by)) {
      const now = await readChain(broker, task, unbegun, 'leader');
      return { id, status: now.record.status };
    }
    if (what === 'pause' && !isRunning(record.status)) throw notRunning(record, what);
    if (!(await append(broker, task, what, by, lastSeq))) continue;
    await isAnswered(broker, id, what, by);
    return { id, status: what === 'resume' && record.status === 'PAUSED' ? 'RUNNING' : record.status };
  }
  throw new GatewayError(
    'NATS_UNAVAILABLE',
    `The task moved on whenever it was about to ${what}. Try again in a moment.`,
  );
}

function requireNotEnded(task: TaskRecord, what: 'pause' | 'resume'): void {
  if (isTerminal(task.status) || task.status === 'STOPPING') throw notRunning(task, what);
}

function notRunning({ id, name, status }: TaskRecord, what: 'pause' | 'resume'): GatewayError {
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
  after: number,
): Promise<boolean> {
  const event = {
    v: 1 as const,
    type: what === 'pause' ? ('pausing' as const) : ('resumed' as const),
    owner: task.owner,
    at: new Date().toISOString(),
    by,
    ...(after === 0 ? { task: requestOfRecord(task) } : {}),
  };
  try {
    await appendEvent(broker, task, event, after);
    return true;
  } catch (error) {
    if (isWrongLastSequence(error)) return false;
    throw error;
  }
}
