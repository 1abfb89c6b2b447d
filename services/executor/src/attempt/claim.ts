import { setImmediate as nextTurn } from 'node:timers/promises';
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
 * Claims a request that was delivered for the first time, without a read: see `FirstDeliveries` for how that is known.
 * Its event log has nothing that an executor wrote; what a gateway may have written is `stopping`, and then the first
 * event of this attempt is refused, which ends the handler.
 *
 * Invariant 5, cancel-means-stop: a canceling gateway appends `stopping`, and after it takes the request off the queue if
 * it was not delivered yet. Where the consumer then says that it never was, it never will be, and the gateway appends
 * `canceled`. Where it was, it was delivered to us, and the gateway leaves the end to us: while we live, our first event
 * meets `stopping`, the handler is aborted, and when it has ended we append `canceled`. See `unreadDelivery` of the gateway.
 *
 * The cancel subject is subscribed to before the handler is called, so that the gateway, which asks once more after as
 * long as a lost executor is waited for, hears of a handler that has not written anything by then. The connection writes
 * once per turn of the event loop, so after one turn the subscription has left, whatever the handler does.
 *
 * @returns `undefined`: there is something to decide, by the log as it is
 */
export async function claimFirstDelivery(
  broker: Broker,
  request: TaskRequest,
  limits: ClaimLimits,
): Promise<Extract<TaskClaim, { do: 'run' }> | undefined> {
  // Gateways end tasks that did not begin in time.
  if (limits.startBy !== undefined) return undefined;
  const state = stateOfRequest(request);
  const claim = decideClaim(state, limits, broker.clock.nowMs());
  if (claim.do !== 'run') return undefined;
  await nextTurn();
  return { ...claim, end: { state, lastSeq: 0 } };
}

/**
 * Decides what to do with a delivered request, by the state at the end of the task's event log.
 *
 * Invariant 5, cancel-means-stop, at the start of a task: the executor first subscribes to the task's cancel subject
 * and then reads the end of the log here; a canceling gateway first appends `stopping` and then asks on the cancel
 * subject. Both go through one server in order, so at least one of the two sees the other: either this executor answers
 * the gateway, or this read finds `stopping`, and the handler is not called. So no handler can begin between a
 * gateway's question and its `canceled`. The read is one round trip to the stream's leader, which cannot lag behind.
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
