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

/**
 * How long the acknowledgement of each try is waited for, all with the same message id. A stream whose leader has failed
 * elects another one within 4 to 9 s (nats-server's election timeout), one whose replicas are changed stands still for
 * 10 s (measured with 2.15.1), and what is sent in between is lost without an answer. So the tries are short, and all
 * together outlast both; they become longer, since a server that is only slow must not get ever more of them.
 */
const triesMs = [1_000, 1_000, 1_500, 1_500, 2_000, 2_000, 3_000];
const retryDelayMs = 250;

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
  for (let attempt = 0; ; attempt += 1) {
    try {
      if (unstored) await broker.payloads.put(unstored);
      unstored = undefined;
      return await publish(broker, outgoing, messageId, { traceparent, timeoutMs: triesMs[attempt] ?? 0 });
    } catch (error) {
      if (isStorageFull(error)) throw storageFull(error);
      if (!isUnavailable(error)) throw error;
      // The request may be stored although its acknowledgement was lost. Then the message id makes the next try a `duplicate`.
      if (attempt + 1 >= triesMs.length) {
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
