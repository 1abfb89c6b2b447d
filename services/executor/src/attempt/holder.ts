import { askHolder, type Broker, encode, readCommand, sendCommand } from '@longhaul/broker';
import {
  commandRoles,
  type HolderReply,
  type HolderRequest,
  holderRequestSchema,
} from '@longhaul/proto/wire';
import type { Logger } from 'pino';

/**
 * Asks an executor whether it still works on a task that was delivered to us as well.
 *
 * A delivery alone does not say that its executor is lost. It may be an old one, which waited in the socket of a
 * process that was suspended while the server gave the task to somebody else; and after an outage of NATS the server
 * delivers again what it heard no heartbeat of, though all executors are well. Without this question a healthy attempt
 * would be taken over, and run twice (invariant 6, crash-recovers-fast).
 */
export async function isHeldBy(broker: Broker, executor: string, taskId: string): Promise<boolean> {
  // Silent: gone, or suspended. If it comes back it is told (see `tellHolder`), and its events are refused.
  return (await askHolder(broker, executor, taskId)) === 'holds';
}

/** Tells an executor that a task's log has gone on without it. One that is suspended reads it when it comes back. */
export function tellHolder(broker: Broker, executor: string, taskId: string): void {
  const notice: HolderRequest = { v: 1, id: taskId, do: 'look' };
  sendCommand(broker, broker.topology.subjects.holder(executor), notice);
}

/** An attempt as far as others ask for it. */
export type Held = {
  /** Whether the attempt counts, as far as this executor knows. */
  readonly isHeld: boolean;
  /** Looks at the log, and ends the handler if that has gone on without it. */
  readonly lookAgain: () => Promise<void>;
};

/** Answers for the tasks that this executor works on, until it is stopped. */
export function answerAsHolder(
  broker: Broker,
  logger: Logger,
  executor: string,
  heldOf: (taskId: string) => Held | undefined,
): { stop(): void } {
  const subscription = broker.nc.subscribe(broker.topology.subjects.holder(executor), {
    callback: (error, message) => {
      if (error) {
        logger.error({ err: error }, 'the subscription to questions for tasks failed');
        return;
      }
      const request = readCommand(broker, logger, holderRequestSchema, message, commandRoles);
      if (!request) return;
      const held = heldOf(request.id);
      const reply: HolderReply = { v: 1, holds: held?.isHeld ?? false };
      if (request.do === 'answer') message.respond(encode(reply));
      else void held?.lookAgain();
    },
  });
  return { stop: () => subscription.unsubscribe() };
}
