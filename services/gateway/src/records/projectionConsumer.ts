import { type Broker, type ConsumerPlan, ensureConsumer, isConsumerNotFound } from '@longhaul/broker';
import type { Topology } from '@longhaul/proto/wire';
import type { ConsumerConfig, ConsumerInfo } from '@nats-io/jetstream';

/** The metadata field that identifies the bucket that events were folded into, by its creation time. */
const bucketField = 'longhaul-records-created';

/** The sequence up to which events are folded, and the creation time of the bucket that they are folded into. */
export type FoldedEvents = { readonly upTo: number; readonly recordsCreated: string };

/** The plan of the projection consumer, in a form that can be compared with the server's configuration. */
export function projectionPlan({ consumers }: Topology): ConsumerPlan {
  const plan = consumers.projection;
  return { ...plan, priority_groups: [...plan.priority_groups] };
}

/**
 * Creates the consumer where it is missing. Where the bucket of records was created again, the consumer is replaced: the
 * new one delivers all events again, which restores the records.
 *
 * Two gateways may do so at once: if one deletes the new consumer of the other, all events are delivered once more, and
 * folding an event twice changes nothing.
 *
 * @param knownToBeFolded a consumer that is created now starts after these events
 * @returns when the bucket of records was created
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
      : await startAfter(broker, knownToBeFolded.upTo);
  await ensureConsumer(broker, eventStream, { ...plan, metadata: { [bucketField]: created }, ...from });
  return created;
}

/** Folded events need not be delivered again, unless the sequence belongs to an event stream that was lost. */
async function startAfter({ jsm, topology }: Broker, upTo: number): Promise<Partial<ConsumerConfig>> {
  const { state } = await jsm.streams.info(topology.eventStream);
  if (upTo === 0 || upTo > state.last_seq) return {};
  return { deliver_policy: 'by_start_sequence', opt_start_seq: upTo + 1 };
}

type PriorityGroup = { readonly group: string; readonly pinned_client_id?: string };

/** Has the server pin another gateway at once; otherwise it would wait for the `priority_timeout`. */
export async function releasePin(broker: Broker, pinId: string): Promise<void> {
  const { topology, jsm } = broker;
  const { durable_name, priority_groups } = topology.consumers.projection;
  const [group] = priority_groups;
  // The client's type lacks the priority groups that the server reports since 2.11 (NATS ADR-42).
  const info: ConsumerInfo & { readonly priority_groups?: readonly PriorityGroup[] } =
    await jsm.consumers.info(topology.eventStream, durable_name);
  // The pin of another gateway is kept. If one is pinned between these two calls, the next gateway is pinned at once.
  if (info.priority_groups?.some(state => state.group === group && state.pinned_client_id === pinId))
    await jsm.consumers.unpin(topology.eventStream, durable_name, group);
}
