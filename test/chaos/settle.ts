import { setTimeout as delay } from 'node:timers/promises';
import type { Broker } from '@longhaul/broker';

/** How often the stores are looked at. */
const lookMs = 250;

/**
 * Waits until nothing is left to do: no request on the queue, every event folded.
 * @returns what is left when `limitMs` is over; `undefined`: nothing
 */
export async function settle(broker: Broker, limitMs: number): Promise<string | undefined> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const left = await whatIsLeft(broker).catch((error: unknown) => `NATS did not answer: ${error}`);
    if (left === undefined || Date.now() > deadline) return left;
    await delay(lookMs);
  }
}

async function whatIsLeft({ jsm, topology }: Broker): Promise<string | undefined> {
  const requests = await jsm.streams.info(topology.requestStream, { subjects_filter: '>' });
  const subjects = Object.keys(requests.state.subjects ?? {}).filter(
    subject => subject !== topology.subjects.placeholder,
  );
  if (subjects.length > 0)
    return `${subjects.length} requests on the queue: ${subjects.slice(0, 10).join(', ')}`;
  const { durable_name } = topology.consumers.projection;
  const projection = await jsm.consumers.info(topology.eventStream, durable_name);
  if (projection.num_pending > 0 || projection.num_ack_pending > 0) {
    return `the projection has ${projection.num_pending} events to come and ${projection.num_ack_pending} at hand`;
  }
  return undefined;
}
