import { type Broker, type LogEnd, readLogEnd } from '@longhaul/broker';
import {
  type Claim,
  type ClaimLimits,
  decideClaim,
  holderOf,
  isToBegin,
  stateOfRequest,
  type TaskAddress,
  type TaskRequest,
} from '@longhaul/proto/wire';
import { isHeldBy } from './holder.ts';

/** A claim, or `leave`: another executor works on the task, and is well. */
export type TaskClaim = (Claim | { readonly do: 'leave' }) & {
  /** The end of the event log that the decision was made by. The next append names it as its predecessor. */
  readonly end: LogEnd;
  /** The executor that had the task and no longer answers for it. */
  readonly lost?: string | undefined;
};

/**
 * Decides what to do with a delivered request, by the state at the end of the task's event log.
 *
 * Invariant 5, cancel-means-stop, at the start of a task: the executor first subscribes to the task's cancel subject
 * and then reads the end of the log here; a canceling gateway first appends `stopping` and then asks on the cancel
 * subject. Both go through one server in order, so at least one of the two sees the other: either this executor answers
 * the gateway, or this read finds `stopping`, and the handler is not called. So no handler can begin between a
 * gateway's question and its `canceled`. The read is one round trip to the stream's leader, which cannot lag behind. A
 * first delivery usually finds nothing, and then no `started` has to be written first.
 */
export async function claimTask(
  broker: Broker,
  task: TaskAddress,
  request: TaskRequest,
  limits: ClaimLimits,
  executor: string,
): Promise<TaskClaim> {
  const end = await readLogEnd(broker, task, stateOfRequest(request));
  const claim = { ...decideClaim(end.state, limits, broker.clock.nowMs()), end };
  const holder = holderOf(end.state);
  if (claim.do === 'acknowledge' || holder === undefined || holder === executor) return claim;
  return (await isHeldBy(broker, holder, task.id)) ? { do: 'leave', end } : { ...claim, lost: holder };
}

/** Whether an attempt of a task is still to begin, by the end of its event log; so also where the log cannot be read. */
export async function readIsToBegin(broker: Broker, task: TaskAddress): Promise<boolean> {
  try {
    return isToBegin((await readLogEnd(broker, task, stateOfRequest({}))).state);
  } catch {
    // What is wrong with it, the claim says when the request has its turn.
    return true;
  }
}
