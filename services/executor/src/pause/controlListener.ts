import { type Broker, decode, encode } from '@longhaul/broker';
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
      const request = read(message.subject, message.data);
      if (!request) {
        logger.warn({ taskId }, 'a request to pause or resume that does not fit the protocol was ignored');
        return;
      }
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

function read(subject: string, data: Uint8Array): ControlRequest | undefined {
  try {
    return decode(controlRequestSchema, subject, data);
  } catch {
    return undefined;
  }
}
