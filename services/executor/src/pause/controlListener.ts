import { type Broker, encode, readCommand } from '@longhaul/broker';
import { type ControlReply, type ControlRequest, controlRequestSchema } from '@longhaul/proto';
import type { Logger } from 'pino';

/** What the listener needs to answer. */
export type ControlListenerOptions = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly taskId: string;
  readonly executor: string;
  readonly attempt: () => number;
  /** Resolves when the wish is in the chain, so that it outlives this executor. */
  readonly onRequest: (request: ControlRequest) => Promise<void>;
};

/** Answers `tasks.control.<id>` as long as this executor has the task. */
export function listenForControl(options: ControlListenerOptions): { stop(): void } {
  const { broker, logger, taskId, executor } = options;
  const subscription = broker.nc.subscribe(broker.topology.subjects.control(taskId), {
    callback: (error, message) => {
      if (error) {
        logger.error({ err: error, taskId }, 'the subscription to pauses failed');
        return;
      }
      const request = readCommand(broker, logger, controlRequestSchema, message, ['gateway']);
      if (!request) return;
      const reply = (): ControlReply => ({ v: 1, accepted: true, executor, attempt: options.attempt() });
      options
        .onRequest(request)
        .then(() => message.respond(encode(reply())))
        .catch((err: unknown) =>
          logger.warn({ err, taskId }, `the ${request.do} could not be recorded; the gateway does it`),
        );
    },
  });
  return { stop: () => subscription.unsubscribe() };
}
