import { setTimeout as delay } from 'node:timers/promises';
import {
  type Broker,
  backoffMs,
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
import { heldBackMs } from '../patiently.ts';

/**
 * How long the acknowledgement of each try is waited for, all with the same message id. What is sent to a stream without a
 * leader is lost without an answer, so the tries are short; they become longer, since a server that is only slow must not
 * get ever more of them.
 */
const triesMs = [1_000, 1_000, 1_500, 1_500, 2_000] as const;
const longestTryMs = 2_000;
/** The waits between two tries, and the longest; between them it doubles. */
const firstWaitMs = 100;
const longestWaitMs = 500;

/**
 * Publishes a task's request, or its schedule; a large input is stored before.
 *
 * @param messageId JetStream stores the first of several publishes with the same id; `duplicate` reports the others
 * @param isNew whether the task's id was just made: see `firstPublishHeader`
 * @throws GatewayError NATS_UNAVAILABLE, STORAGE_FULL
 */
export function publishRequest(
  broker: Broker,
  outgoing: OutgoingRequest,
  messageId: string,
  isNew = false,
): Promise<PubAck> {
  const { id, name } = outgoing.address;
  const attributes = { 'longhaul.task.id': id, 'longhaul.task.name': name, 'messaging.system': 'nats' };
  return inSpan(`${name} publish`, { kind: SpanKind.PRODUCER, attributes }, () =>
    publishTraced(broker, outgoing, messageId, isNew),
  );
}

async function publishTraced(
  broker: Broker,
  outgoing: OutgoingRequest,
  messageId: string,
  isNew: boolean,
): Promise<PubAck> {
  const traceparent = requestScope.getStore()?.traceparent;
  // A time, and not a number of tries: a server that has not heard of the new leader yet answers at once that nobody listens,
  // and would use up any number of tries in no time.
  const untilMs = performance.now() + heldBackMs;
  let unstored = outgoing.large;
  for (let failures = 0; ; ) {
    try {
      if (unstored) await broker.payloads.put(unstored);
      unstored = undefined;
      // A later try may be stored although an earlier one was, and its task has ended: the server forgets the message ids
      // of what left the queue when it is restarted, and all of them after two minutes. So only the first try says it.
      const isFirst = isNew && failures === 0;
      const timeoutMs = triesMs[failures] ?? longestTryMs;
      return await publish(broker, outgoing, messageId, { traceparent, timeoutMs, isFirst });
    } catch (error) {
      if (isStorageFull(error)) throw storageFull(error);
      if (!isUnavailable(error)) throw error;
      // The request may be stored although its acknowledgement was lost. Then the message id makes the next try a `duplicate`.
      if (performance.now() > untilMs) {
        throw new GatewayError(
          'NATS_UNAVAILABLE',
          'NATS did not acknowledge the task. Try again in a moment; with an idempotency key it cannot start twice.',
          { cause: error },
        );
      }
      failures += 1;
      await delay(backoffMs(failures, firstWaitMs, longestWaitMs));
    }
  }
}
