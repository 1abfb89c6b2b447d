import {
  appendLifecycle,
  askCommand,
  BadMessageError,
  type Broker,
  decode,
  isConsumerNotFound,
  isNoResponders,
  isUnavailable,
  isWrongLastSequence,
  type LogEnd,
  readLogEnd,
} from '@longhaul/broker';
import {
  type CancelOutcome,
  type CancelRequest,
  cancelReplySchema,
  GatewayError,
  isTerminal,
  requestOfRecord,
  stateOfRequest,
  type TaskRecord,
} from '@longhaul/proto/wire';

/** How long an executor may take to answer that it has told the handler to end. */
const answerTimeoutMs = 2_000;
/** How often a cancel that meets other writers begins anew; each of them moves the task on, so few are needed. */
const rounds = 20;

/**
 * Cancels a task, whoever may be running it.
 *
 * Ask the executor first; when nobody answers, append `stopping`, ask again, and only then append `canceled`. The
 * second question is what makes invariant 5, cancel-means-stop, hold at a task's start: see `claimTask` of the
 * executor, which subscribes before it reads the log. Every append expects the last event (invariant 2), so an end
 * or a start that comes between refuses it, and the loop looks again.
 *
 * @throws GatewayError NATS_UNAVAILABLE when the task moved on in every round
 */
export async function cancelTask(
  broker: Broker,
  task: TaskRecord,
  reason: string | undefined,
): Promise<CancelOutcome> {
  const { id } = task;
  // The events of a task that ended long ago may have expired before its record.
  if (isTerminal(task.status)) return { id, status: task.status, alreadyEnded: true };
  const stopping: CancelOutcome = { id, status: 'STOPPING', alreadyEnded: false };
  for (let round = 0; round < rounds; round += 1) {
    // Constant time, whatever is in the log: what does not fit the protocol has a place in its order and no meaning.
    const end = await readLogEnd(broker, task, stateOfRequest(task));
    const { status, cancelReason } = end.state;
    if (isTerminal(status)) return { id, status, alreadyEnded: true };
    const answer = await askExecutor(broker, id, reason);
    if (answer === 'accepted') return stopping;
    const marked = status === 'STOPPING' ? end : await append(broker, task, 'stopping', reason, end);
    if (marked === undefined) continue;
    // An executor that is only slow will see the question, and whoever takes the task over finds `stopping`. But a
    // silent listener may as well be somebody who just looks on (`nats sub 'tasks.>'`).
    const isHeld = answer === 'silent' ? mayBeHeld(broker, task) : isAnswered(broker, id, reason);
    if (await isHeld) return stopping;
    if ((await append(broker, task, 'canceled', reason ?? cancelReason, marked)) === undefined) continue;
    await removeRequest(broker, id);
    return { id, status: 'CANCELED', alreadyEnded: false };
  }
  throw new GatewayError(
    'NATS_UNAVAILABLE',
    'The task moved on whenever it was about to be canceled. Try again.',
  );
}

/**
 * `accepted`: the executor has told the handler, and `stopping` is in the log. `silent`: one has the task, but does
 * not answer in time. `nobody`: no executor has it.
 */
async function askExecutor(
  broker: Broker,
  id: string,
  reason: string | undefined,
): Promise<'accepted' | 'silent' | 'nobody'> {
  const request: CancelRequest = { v: 1, ...(reason === undefined ? {} : { reason }) };
  try {
    const subject = broker.topology.subjects.cancel(id);
    const answer = await askCommand(broker, subject, request, answerTimeoutMs);
    decode(cancelReplySchema, subject, answer.data);
    return 'accepted';
  } catch (error) {
    if (isNoResponders(error)) return 'nobody';
    // An answer that is none: somebody listens, and nobody said that the handler was told.
    if (isUnavailable(error) || error instanceof BadMessageError) return 'silent';
    throw error;
  }
}

async function isAnswered(broker: Broker, id: string, reason: string | undefined): Promise<boolean> {
  return (await askExecutor(broker, id, reason)) !== 'nobody';
}

/**
 * Whether an executor may have the task: only where its request is on the queue and something of its consumer is
 * delivered and not acknowledged. As with the second question, `stopping` is in the log by now, so an executor that
 * gets the request after this look does not call the handler.
 */
async function mayBeHeld(broker: Broker, task: TaskRecord): Promise<boolean> {
  const { requestStream, subjects, consumers } = broker.topology;
  const scheduled = await broker.jsm.streams.getMessage(requestStream, {
    last_by_subj: subjects.schedule(task),
  });
  if (scheduled) return false;
  try {
    const { durable_name } = consumers.requests(task.name, task.priority);
    const { num_ack_pending } = await broker.jsm.consumers.info(requestStream, durable_name);
    return num_ack_pending > 0;
  } catch (error) {
    if (isConsumerNotFound(error)) return false;
    throw error;
  }
}

/** @returns the log's end with the event, or `undefined` when another event came first */
async function append(
  broker: Broker,
  task: TaskRecord,
  type: 'stopping' | 'canceled',
  reason: string | undefined,
  end: LogEnd,
): Promise<LogEnd | undefined> {
  const change = { type, at: new Date().toISOString(), ...(reason === undefined ? {} : { reason }) };
  try {
    return await appendLifecycle(broker, task, requestOfRecord(task), end, change);
  } catch (error) {
    if (isWrongLastSequence(error)) return undefined;
    throw error;
  }
}

/**
 * Takes a task that has ended without an executor off the queue. Not needed to be right (an executor that gets it finds its end in the
 * chain), but without it a queue that no executor serves would fill with ended tasks.
 */
export async function removeRequest(broker: Broker, id: string): Promise<void> {
  const { subjects, requestStream } = broker.topology;
  await Promise.all(
    [subjects.scheduleOf(id), subjects.requestOf(id)].map(filter =>
      broker.jsm.streams.purge(requestStream, { filter }),
    ),
  );
}
