import { setTimeout as delay } from 'node:timers/promises';
import { firstPublishHeader, type TaskAddress, type TaskRequest } from '@longhaul/proto/wire';
import type { PubAck } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import type { Broker } from './broker.ts';
import { isDuplicateInProcess } from './brokerErrors.ts';
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

/** Options of {@link publishRequest}. */
export type PublishOptions = {
  /** The caller's, where no trace is active here. */
  readonly traceparent?: string | undefined;
  /** How long the acknowledgement is waited for, and for how long it is repeated, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number;
  /** Whether nothing was ever published under the task's id: see `firstPublishHeader`. Default: not known. */
  readonly isFirst?: boolean;
};

/** How soon a publish is repeated while another one with its message id is under way; doubles up to the longest. */
const firstRepeatMs = 5;
const longestRepeatMs = 250;
/** How long an acknowledgement is waited for, and for how long a publish is repeated. */
const defaultTimeoutMs = 5_000;

/**
 * Publishes a task's request, or its schedule: once.
 *
 * @param messageId of publishes with the same one, JetStream stores the first; `duplicate` says that it was not this
 * @param options the trace of the caller, and how long the acknowledgement is waited for
 */
export async function publishRequest(
  broker: Broker,
  outgoing: OutgoingRequest,
  messageId: string,
  options: PublishOptions = {},
): Promise<PubAck> {
  const untilMs = performance.now() + (options.timeoutMs ?? defaultTimeoutMs);
  for (let waitMs = firstRepeatMs; ; waitMs = Math.min(2 * waitMs, longestRepeatMs)) {
    try {
      return await publishOnce(broker, outgoing, messageId, options);
    } catch (error) {
      // Two starts with one key, or a publish that was repeated because its answer was late. Nothing was stored by this
      // one, and the message id decides again: the repetition is the other's duplicate, or takes its place.
      if (!isDuplicateInProcess(error) || performance.now() > untilMs) throw error;
      options = { ...options, isFirst: false };
      await delay(waitMs);
    }
  }
}

function publishOnce(
  broker: Broker,
  { address, request, payload }: OutgoingRequest,
  messageId: string,
  { traceparent, timeoutMs = defaultTimeoutMs, isFirst }: PublishOptions,
): Promise<PubAck> {
  const { subjects } = broker.topology;
  const target = subjects.request({ ...address, priority: request.priority });
  const traced = traceHeaders(traceparent);
  const options = { msgID: messageId, ...(traced ? { headers: traced } : {}) };
  if (request.scheduledFor === undefined) {
    const marked = isFirst ? (traced ?? headers()) : traced;
    if (isFirst) marked?.set(firstPublishHeader, '1');
    return broker.acked.publish(target, payload, {
      msgID: messageId,
      timeoutMs,
      ...(marked ? { headers: marked } : {}),
    });
  }
  const schedule = { specification: { at: new Date(request.scheduledFor) }, target };
  return broker.js.publish(subjects.schedule(address), payload, { ...options, timeout: timeoutMs, schedule });
}
