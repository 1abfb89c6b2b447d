import { type Broker, lastEventSeq, readChain } from '@longhaul/broker';
import {
  type Claim,
  decideClaim,
  recordOfRequest,
  type TaskAddress,
  type TaskRequest,
} from '@longhaul/proto';

/**
 * Decides what to do with a delivered request, by the task's chain.
 *
 * Invariant 5, cancel-means-stop, at the start of a task: the executor first subscribes to the task's cancel subject
 * and then reads its chain here; a canceling gateway first appends `stopping` and then asks on the cancel subject.
 * Both go through one server in order, so at least one of the two sees the other: either the gateway is answered by
 * this executor, or this read finds `stopping`, and the handler is not called. So no handler can begin behind a
 * gateway's back between its question and its `canceled`. The read is one round trip; a first delivery usually finds
 * nothing, and a `started` need not be written first.
 */
export async function claimTask(
  broker: Broker,
  task: TaskAddress,
  request: TaskRequest,
  redelivered: boolean,
): Promise<Claim> {
  if (!redelivered && (await lastEventSeq(broker, task)) === 0) return { do: 'run', attempt: 1, after: 0 };
  const chain = await readChain(broker, task, recordOfRequest(task.id, task.name, request), 'any');
  return decideClaim(chain.record, chain.lastSeq, Date.now());
}
