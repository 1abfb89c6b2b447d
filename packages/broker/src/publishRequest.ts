import type { TaskAddress, TaskRequest } from '@longhaul/proto';
import type { PubAck } from '@nats-io/jetstream';
import type { Broker } from './broker.ts';
import type { PackedPayload } from './payloadStore.ts';

/** A request as it is published. */
export type OutgoingRequest = {
  readonly address: TaskAddress;
  readonly request: TaskRequest;
  /** The request, encoded. */
  readonly payload: Uint8Array;
  /** Its input, where that is too large for a message. To be stored before the request is published. */
  readonly large?: PackedPayload;
};

/**
 * Publishes a task's request, or its schedule: once.
 *
 * @param messageId of publishes with the same one, JetStream stores the first; `duplicate` says that it was not this
 */
export function publishRequest(
  broker: Broker,
  { address, request, payload }: OutgoingRequest,
  messageId: string,
): Promise<PubAck> {
  const { subjects } = broker.topology;
  const target = subjects.request({ ...address, priority: request.priority });
  if (request.scheduledFor === undefined) return broker.js.publish(target, payload, { msgID: messageId });
  return broker.js.publish(subjects.schedule(address), payload, {
    msgID: messageId,
    schedule: { specification: { at: new Date(request.scheduledFor) }, target },
  });
}
