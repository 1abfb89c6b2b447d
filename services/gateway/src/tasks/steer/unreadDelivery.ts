import { type Broker, isConsumerNotFound, type LogEnd } from '@longhaul/broker';
import { ackWaitMs, beginsUnreadMs, firstPublishHeader, type TaskRecord } from '@longhaul/proto/wire';
import type { StoredMsg } from '@nats-io/jetstream';

/**
 * After so long an executor that begins a task without a read of its log (see `claimFirstDelivery` of the executor) has
 * subscribed to cancels, or counts as lost.
 */
export const unreadForMs = beginsUnreadMs + ackWaitMs;

/**
 * What can become of the request of a task that is being canceled:
 *
 * - `gone`: it was never delivered, and is off the queue. No executor has it, or will have it.
 * - `read`: whoever has it, or is given it, reads the log before a handler begins.
 * - `unread`: an executor may have been given it that does not read the log, and has not answered yet.
 */
export type Delivery = 'gone' | 'read' | 'unread';

/**
 * Finds out whether an executor may begin a canceled task without reading its log, and takes the request off the queue
 * if none was given it. To be called with `stopping` in the log, after nobody answered the first question.
 *
 * Invariant 5, cancel-means-stop. A consumer delivers first deliveries in the order of the stream, and counts one before
 * it sends it. So:
 *
 * - The request was removed, and after that the consumer has not come as far as it: it was not delivered, and what is not
 *   in the stream cannot be delivered any more (`gone`).
 * - It has: an executor may run a handler by now without having asked anybody. Its first event follows an empty log, so
 *   `stopping` refuses it, the handler is aborted, and that executor appends `canceled` when the handler has ended. If it
 *   is lost before that, the request is delivered again and whoever gets it reads `stopping`; the request is left on the
 *   queue for that, unless it was delivered between the look and the removal. Then, and where no executor is left, the
 *   gateway that cancels looks again (`LateCancels`).
 *
 * In a cluster the consumer's leader counts a delivery when most of its replicas have it, and sends it after that. One
 * that was decided before the removal can be counted after the second look, if that entry takes longer than two calls of
 * this gateway. The question that follows meets most of these; a handler that slips through ends when its first event is
 * refused, after `holdStartedMs`.
 *
 * @param end the log's end, with `stopping`
 * @param isOurs whether this cancel has just appended it: else the request may have been removed by another one already
 */
export async function unreadDelivery(
  broker: Broker,
  task: TaskRecord,
  end: LogEnd,
  isOurs: boolean,
): Promise<Delivery> {
  // An executor has written to the log, so the first delivery is over: `released`, `retrying` and `started` name theirs.
  if (end.state.attempt > 0) return 'read';
  // The requests of these never say that they are the first: see `firstPublishHeader`.
  if (task.idempotencyKey !== undefined || task.scheduledFor !== undefined) return 'read';
  if (task.parent !== undefined || task.scheduleId !== undefined) return 'read';
  const { jsm, topology, clock } = broker;
  const { requestStream, subjects } = topology;
  const request = await jsm.streams.getMessage(requestStream, { last_by_subj: subjects.requestOf(task.id) });
  const isYoung = (sinceMs: number) => clock.nowMs() - sinceMs <= unreadForMs;
  if (!request) return !isOurs || isYoung(Date.parse(task.createdAt)) ? 'unread' : 'read';
  if (!request.header?.has(firstPublishHeader) || !isYoung(request.time.getTime())) return 'read';
  if (await wasDelivered(broker, task, request)) return 'unread';
  if (!(await removed(broker, request.seq))) return 'unread';
  return (await wasDelivered(broker, task, request)) ? 'unread' : 'gone';
}

async function wasDelivered(broker: Broker, task: TaskRecord, { seq, time }: StoredMsg): Promise<boolean> {
  const { jsm, topology } = broker;
  try {
    const { durable_name } = topology.consumers.requests(task.name, task.priority);
    const { delivered, created } = await jsm.consumers.info(topology.requestStream, durable_name);
    // A younger consumer may have taken the place of one that has delivered it.
    return delivered.stream_seq >= seq || Date.parse(created) >= time.getTime();
  } catch (error) {
    // No executor has ever served the type.
    if (isConsumerNotFound(error)) return false;
    throw error;
  }
}

/** Not by a purge of its subject, which moves the consumer on as if it had delivered what is purged. */
async function removed(broker: Broker, seq: number): Promise<boolean> {
  try {
    return await broker.jsm.streams.deleteMessage(broker.topology.requestStream, seq, false);
  } catch {
    // An executor has acknowledged it, another cancel has removed it, NATS does not answer, or the permissions are those of
    // an earlier version: whether it is there or not, an executor that may have it is waited for.
    return false;
  }
}
