import { type Broker, encode, readCommand } from '@longhaul/broker';
import { type CancelReply, cancelRequestSchema } from '@longhaul/proto';
import type { Logger } from 'pino';

/** What the listener needs to answer a cancel. */
export type CancelListenerOptions = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly taskId: string;
  readonly executor: string;
  readonly attempt: () => number;
  /** Tells the handler; resolves when the cancel is in the chain, so that it outlives this executor. */
  readonly onCancel: (reason: string | undefined) => Promise<void>;
};

/**
 * Answers `tasks.cancel.<id>` as long as this executor has the task. The answer says that the handler was told and
 * that `stopping` is in the chain; the `canceled` event says that the handler has ended.
 */
export function listenForCancel(options: CancelListenerOptions): { stop(): void } {
  const { broker, logger, taskId, executor } = options;
  const subscription = broker.nc.subscribe(broker.topology.subjects.cancel(taskId), {
    callback: (error, message) => {
      if (error) {
        logger.error({ err: error, taskId }, 'the subscription to cancels failed');
        return;
      }
      const request = readCommand(broker, logger, cancelRequestSchema, message, ['gateway']);
      if (!request) return;
      const reply: CancelReply = { v: 1, accepted: true, executor, attempt: options.attempt() };
      options
        .onCancel(request.reason)
        .then(() => message.respond(encode(reply)))
        .catch((err: unknown) =>
          logger.warn({ err, taskId }, 'the cancel could not be recorded; the gateway does it'),
        );
    },
  });
  return { stop: () => subscription.unsubscribe() };
}
