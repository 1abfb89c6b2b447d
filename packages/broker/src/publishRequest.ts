import type { TaskAddress, TaskRequest } from '@longhaul/proto/wire';
import type { PubAck } from '@nats-io/jetstream';
import type { Broker } from './broker.ts';
import type { PackedPayload } from './payloadStore.ts';
import { traceHeaders } from './tracing.ts';

/** A request as it is published. */
export type OutgoingRequest = {
  /** The task's id and type. */
  readonly address: TaskAddress;
  /** The request. */
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
 * @param traceparent of the caller, where no trace is active here
 */
export function publishRequest(
  broker: Broker,
  { address, request, payload }: OutgoingRequest,
  messageId: string,
  traceparent?: string,
): Promise<PubAck> {
  const { subjects } = broker.topology;
  const target = subjects.request({ ...address, priority: request.priority });
  const traced = traceHeaders(traceparent);
  const options = { msgID: messageId, ...(traced ? { headers: traced } : {}) };
  if (request.scheduledFor === undefined) return broker.acked.publish(target, payload, options);
  const schedule = { specification: { at: new Date(request.scheduledFor) }, target };
  return broker.js.publish(subjects.schedule(address), payload, { ...options, schedule });
}
