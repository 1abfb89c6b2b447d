import { setTimeout as delay } from 'node:timers/promises';
import {
  type Broker,
  inSpan,
  isStorageFull,
  isUnavailable,
  type OutgoingRequest,
  publishRequest as publish,
} from '@longhaul/broker';
import { GatewayError } from '@longhaul/proto/wire';
import type { PubAck } from '@nats-io/jetstream';
import { SpanKind } from '@opentelemetry/api';
import { storageFull } from '../../errors.ts';
import { requestScope } from '../../telemetry/requestScope.ts';

/** How often a request is published, with the same message id, until JetStream acknowledges it. */
const maxTries = 3;
const retryDelayMs = 250;
/** No try starts after this time, since an unanswered one takes five seconds and the caller waits. */
const lastTryMs = 6_000;

/**
 * Publishes a task's request, or its schedule; a large input is stored before.
 *
 * @param messageId JetStream stores the first of several publishes with the same id; `duplicate` reports the others
 * @throws GatewayError NATS_UNAVAILABLE, STORAGE_FULL
 */
export function publishRequest(
  broker: Broker,
  outgoing: OutgoingRequest,
  messageId: string,
): Promise<PubAck> {
  const { id, name } = outgoing.address;
  const attributes = { 'longhaul.task.id': id, 'longhaul.task.name': name, 'messaging.system': 'nats' };
  return inSpan(`${name} publish`, { kind: SpanKind.PRODUCER, attributes }, () =>
    publishTraced(broker, outgoing, messageId),
  );
}

async function publishTraced(broker: Broker, outgoing: OutgoingRequest, messageId: string): Promise<PubAck> {
  const traceparent = requestScope.getStore()?.traceparent;
  let unstored = outgoing.large;
  const beganMs = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (unstored) await broker.payloads.put(unstored);
      unstored = undefined;
      return await publish(broker, outgoing, messageId, traceparent);
    } catch (error) {
      if (isStorageFull(error)) throw storageFull(error);
      if (!isUnavailable(error)) throw error;
      // The request may be stored although its acknowledgement was lost. Then the message id makes the next try a `duplicate`.
      if (attempt >= maxTries || performance.now() - beganMs > lastTryMs) {
        throw new GatewayError(
          'NATS_UNAVAILABLE',
          'NATS did not acknowledge the task. Try again in a moment; with an idempotency key it cannot start twice.',
          { cause: error },
        );
      }
      await delay(retryDelayMs);
    }
  }
}
