import { setTimeout as delay } from 'node:timers/promises';
import { askHolder, type Broker, backoffMs, encode, readCommand, sendCommand } from '@longhaul/broker';
import {
  commandRoles,
  type HolderReply,
  type HolderRequest,
  holderRequestSchema,
} from '@longhaul/proto/wire';
import type { Logger } from 'pino';

/** How soon an executor that does not answer is asked again; doubles up to the longest. */
const firstRepeatMs = 100;
const longestRepeatMs = 1_000;

/**
 * Asks an executor whether it still works on a task that was delivered to this executor as well.
 *
 * A delivery alone does not prove that the other executor is lost. The delivery may be an old one, which waited in the
 * socket of a process that was suspended while the server gave the task to another executor. And after an outage of
 * NATS the server delivers everything again whose heartbeats it missed, though all executors are well. Without this
 * question a healthy attempt would be taken over, and the task would run twice (invariant 6, crash-recovers-fast).
 */
export async function isHeldBy(broker: Broker, executor: string, taskId: string): Promise<boolean> {
  for (let asked = 1; ; asked += 1) {
    const answer = await askHolder(broker, executor, taskId);
    if (answer !== 'silent') return answer === 'holds';
    // After an outage of NATS this executor may be the first that is back; the other one is asked until it must be too.
    const leftMs = broker.reconnections.othersBackInMs;
    // No answer: it is gone, or suspended. If it comes back it is notified (`notifyHolder`), and its events are refused.
    if (leftMs === 0) return false;
    await delay(Math.min(leftMs, backoffMs(asked, firstRepeatMs, longestRepeatMs)));
  }
}

/** Notifies an executor that a task continued without it. A suspended executor reads the notice when it comes back. */
export function notifyHolder(broker: Broker, executor: string, taskId: string): void {
  const notice: HolderRequest = { v: 1, id: taskId, do: 'look' };
  sendCommand(broker, broker.topology.subjects.holder(executor), notice);
}

/** An attempt, as far as other executors ask about it. */
export type HeldTask = {
  /** Whether the attempt still counts, as far as this executor knows. */
  readonly isHeld: boolean;
  /** Reads the event log, and ends the handler if the task continued without it. */
  readonly recheck: () => Promise<void>;
};

/** Answers for the tasks that this executor works on, until it is stopped. */
export function answerAsHolder(
  broker: Broker,
  logger: Logger,
  executor: string,
  heldOf: (taskId: string) => HeldTask | undefined,
): { stop(): void } {
  const subscription = broker.nc.subscribe(broker.topology.subjects.holder(executor), {
    callback: (error, message) => {
      if (error) {
        logger.error({ err: error }, 'the subscription to questions about tasks failed');
        return;
      }
      const request = readCommand(broker, logger, holderRequestSchema, message, commandRoles);
      if (!request) return;
      const held = heldOf(request.id);
      const reply: HolderReply = { v: 1, holds: held?.isHeld ?? false };
      if (request.do === 'answer') message.respond(encode(reply));
      else void held?.recheck();
    },
  });
  return { stop: () => subscription.unsubscribe() };
}
