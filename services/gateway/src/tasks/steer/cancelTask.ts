import { type Broker, isConsumerNotFound } from '@longhaul/broker';
import {
  type CancelOutcome,
  type CancelRequest,
  cancelReplySchema,
  isTerminal,
  type TaskRecord,
} from '@longhaul/proto/wire';
import { throughElection } from '../patiently.ts';
import { appendUnlessChanged, askExecutor, type ExecutorAnswer, steerTask } from './steerTask.ts';
import { type Delivery, unreadDelivery } from './unreadDelivery.ts';

/** How a cancel deals with an executor that may run the task and has not answered yet. */
export type CancelOptions = {
  /** Called where there may be one: it ends the task, and if it does not, `cancelTask` is to be called again later. */
  readonly onUnread: (task: TaskRecord, reason: string | undefined) => void;
  /** Whether so much time has passed (`unreadForMs`) that there can be none. */
  readonly isLate?: boolean;
};

/**
 * Cancels a task, regardless of which process may be running it.
 *
 * Asks the executor first. Where none answers, appends `stopping`, makes sure that none begins the task without reading
 * that, asks again, and only then appends `canceled`. That is what makes invariant 5, cancel-means-stop, hold at a task's
 * start: see `unreadDelivery` for executors that do not read the log, and for the others `steerTask`, and `claimTask` of
 * the executor, which subscribes before it reads.
 *
 * @throws GatewayError NATS_UNAVAILABLE when another event came first in every round
 */
export async function cancelTask(
  broker: Broker,
  task: TaskRecord,
  reason: string | undefined,
  { onUnread, isLate = false }: CancelOptions,
): Promise<CancelOutcome> {
  const { id } = task;
  // The events of a task that ended long ago may have expired before its record.
  if (isTerminal(task.status)) return { id, status: task.status, alreadyEnded: true };
  const stopping: CancelOutcome = { id, status: 'STOPPING', alreadyEnded: false };
  const command: CancelRequest = { v: 1, ...(reason === undefined ? {} : { reason }) };
  const ask = () => askExecutor(broker, broker.topology.subjects.cancel(id), command, cancelReplySchema);
  const change = (type: 'stopping' | 'canceled', why = reason) => ({
    type,
    at: broker.clock.now(),
    ...(why === undefined ? {} : { reason: why }),
  });
  // Whether `canceled` was sent. Where its acknowledgement is lost, the next round reads it: then it is no earlier end.
  let isSent = false;
  // Whether `stopping` was appended here and nothing was done since; and what is known of the request.
  let isFresh = false;
  let delivery: Delivery | undefined;
  const outcome = await steerTask<CancelOutcome>(broker, task, {
    verb: 'cancel',
    decide: ({ state: { status } }) =>
      isTerminal(status) ? { id, status, alreadyEnded: !(isSent && status === 'CANCELED') } : undefined,
    ask,
    accepted: () => stopping,
    append: async end => {
      if (end.state.status === 'STOPPING') return end;
      const marked = await appendUnlessChanged(broker, task, end, change('stopping'));
      isFresh = marked !== undefined;
      return marked;
    },
    finish: async (end, answer) => {
      const isOurs = isFresh;
      isFresh = false;
      // What is gone stays so in later rounds.
      if (delivery !== 'gone') delivery = isLate ? 'read' : await unreadDelivery(broker, task, end, isOurs);
      const isUnread = delivery === 'unread';
      if (isUnread || (await isHeld(answer, delivery === 'gone'))) {
        // Also where the request is gone after all: nobody would be given it again.
        if (delivery !== 'read') onUnread(task, reason);
        return stopping;
      }
      const canceled = change('canceled', reason ?? end.state.cancelReason);
      isSent = true;
      if (!(await appendUnlessChanged(broker, task, end, canceled))) return undefined;
      return { id, status: 'CANCELED', alreadyEnded: false };
    },
  });
  if (isSent && outcome.status === 'CANCELED' && delivery !== 'gone')
    await throughElection(() => removeRequest(broker, id));
  return outcome;

  /** Whether an executor has the task. A slow one will receive the first question, or reads `stopping`. */
  async function isHeld(answer: ExecutorAnswer, isGone: boolean): Promise<boolean> {
    // A request that was never delivered is held by nobody, whoever listens. In a cluster a delivery may have been under
    // way: then the executor that got it answers by now.
    if (isGone) return answer === 'nobody' && (await ask()) === 'accepted';
    // A silent listener can also be a mere observer (`nats sub 'tasks.>'`), so the queue decides there.
    return answer === 'silent' ? mayBeHeld(broker, task) : (await ask()) !== 'nobody';
  }
}

/**
 * Whether an executor may have the task: only where its request is in the queue, and the consumer has a delivered
 * request that is not acknowledged. `stopping` is in the log by now, as with the second question, so an executor that
 * receives the request after this check does not call the handler.
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

/**
 * Removes the request of a task that ended without an executor. Not needed for correctness, since an executor that
 * receives it finds the end in the event log. But a queue that no executor serves would fill with ended tasks.
 */
export async function removeRequest(broker: Broker, id: string): Promise<void> {
  const { subjects, requestStream } = broker.topology;
  await Promise.all(
    [subjects.scheduleOf(id), subjects.requestOf(id)].map(filter =>
      broker.jsm.streams.purge(requestStream, { filter }),
    ),
  );
}
