import { type Broker, lastEventSeq, readChain } from '@longhaul/broker';
import {
  type Claim,
  type ClaimLimits,
  decideClaim,
  recordOfRequest,
  type TaskAddress,
  type TaskRequest,
} from '@longhaul/proto';
import { holderOf, isHeldBy } from './holder.ts';

/** A claim, or `leave`: another executor works on the task, and is well. */
export type TakenClaim = (Claim | { readonly do: 'leave' }) & {
  /** The executor that had the task and does not answer for it any more. */
  readonly lost?: string | undefined;
};

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
  limits: ClaimLimits,
  redelivered: boolean,
  executor: string,
): Promise<TakenClaim> {
  const unbegun = recordOfRequest(task.id, task.name, request);
  const isUntouched = !redelivered && (await lastEventSeq(broker, task)) === 0;
  const chain = isUntouched ? { record: unbegun, lastSeq: 0 } : await readChain(broker, task, unbegun, 'any');
  const claim = decideClaim(chain.record, chain.lastSeq, limits, Date.now());
  const holder = holderOf(chain.record);
  if (claim.do === 'acknowledge' || holder === undefined || holder === executor) return claim;
  return (await isHeldBy(broker, holder, task.id)) ? { do: 'leave' } : { ...claim, lost: holder };
}
