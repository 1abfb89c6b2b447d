import { type Broker, type ConsumerPlan, ensureConsumer, isConsumerNotFound } from '@longhaul/broker';
import type { Topology } from '@longhaul/proto/wire';
import type { ConsumerConfig, ConsumerInfo } from '@nats-io/jetstream';

/** Which bucket of records the consumer's events were folded into: when that bucket was made. */
const bucketField = 'longhaul-records-created';

/** Up to which event all are folded, and into which bucket: when that was made. */
export type FoldedEvents = { readonly upTo: number; readonly recordsCreated: string };

/** The consumer that events are folded from, as a plan that a server's answer can be compared with. */
export function projectionPlan({ consumers }: Topology): ConsumerPlan {
  const plan = consumers.projection;
  return { ...plan, priority_groups: [...plan.priority_groups] };
}

/**
 * Makes the consumer where it is missing. Where the bucket of records was made anew, the consumer is, too: it delivers
 * all events again, and so the records come back.
 *
 * Two gateways may do so at once: the one that deletes the other's new consumer has it deliver from the start once
 * more, and folding twice changes nothing.
 *
 * @param knownToBeFolded a consumer that is made now begins behind it
 * @returns when the bucket of records was made
 */
export async function ensureProjectionConsumer(
  broker: Broker,
  knownToBeFolded: FoldedEvents | undefined,
): Promise<FoldedEvents['recordsCreated']> {
  const { topology, jsm } = broker;
  const { eventStream } = topology;
  const plan = projectionPlan(topology);
  const { created } = await jsm.streams.info(topology.bucketStream);
  const found = await jsm.consumers.info(eventStream, plan.durable_name).catch((error: unknown) => {
    if (!isConsumerNotFound(error)) throw error;
  });
  const foldedInto = found?.config.metadata?.[bucketField];
  if (foldedInto !== undefined && foldedInto !== created)
    await jsm.consumers.delete(eventStream, plan.durable_name).catch((error: unknown) => {
      if (!isConsumerNotFound(error)) throw error;
    });
  const isThere = found !== undefined && (foldedInto === undefined || foldedInto === created);
  const from =
    isThere || knownToBeFolded?.recordsCreated !== created
      ? {}
      : await startBehind(broker, knownToBeFolded.upTo);
  await ensureConsumer(broker, eventStream, { ...plan, metadata: { [bucketField]: created }, ...from });
  return created;
}

/** What is folded need not be delivered again; unless the sequence is one of a stream that is gone. */
async function startBehind({ jsm, topology }: Broker, upTo: number): Promise<Partial<ConsumerConfig>> {
  const { state } = await jsm.streams.info(topology.eventStream);
  if (upTo === 0 || upTo > state.last_seq) return {};
  return { deliver_policy: 'by_start_sequence', opt_start_seq: upTo + 1 };
}

type PriorityGroup = { readonly group: string; readonly pinned_client_id?: string };

/** Lets the server pin another gateway at once: by itself it would wait for the `priority_timeout`. */
export async function releasePin(broker: Broker, pinId: string): Promise<void> {
  const { topology, jsm } = broker;
  const { durable_name, priority_groups } = topology.consumers.projection;
  const [group] = priority_groups;
  // The client's type lacks what the server says of priority groups since 2.11 (NATS ADR-42).
  const info: ConsumerInfo & { readonly priority_groups?: readonly PriorityGroup[] } =
    await jsm.consumers.info(topology.eventStream, durable_name);
  // Another gateway's pin is left alone; should it be pinned between these two calls, the next one is pinned at once.
  if (info.priority_groups?.some(state => state.group === group && state.pinned_client_id === pinId))
    await jsm.consumers.unpin(topology.eventStream, durable_name, group);
}
