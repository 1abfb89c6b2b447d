import { type Broker, consumerPart, ensureReplication, type TopologyRepair } from '@longhaul/broker';
import type { Projection } from '../records/projection.ts';
import type { RecordIndex } from '../records/recordIndex.ts';
import type { Schedules } from '../schedules/createSchedules.ts';
import type { LiveFeed } from '../tasks/watch/liveFeed.ts';
import type { LostRequests } from './lostRequests.ts';
import type { Orphans } from './orphans.ts';

/** The parts of a gateway that depend on streams, buckets and consumers. */
export type RestartableParts = {
  readonly index: RecordIndex;
  readonly projection: Projection;
  readonly schedules: Pick<Schedules, 'restart'>;
  readonly feed: LiveFeed;
  readonly orphans: Orphans;
  readonly lostRequests: LostRequests;
};

/** Restarts the parts whose streams, buckets or consumers were created again, or had their configuration restored. */
export async function restartAfterRepair(
  broker: Broker,
  { parts, eventsRestarted }: TopologyRepair,
  { index, projection, schedules, feed, orphans, lostRequests }: RestartableParts,
): Promise<void> {
  const { requestStream, eventStream, bucketStream, consumers } = broker.topology;
  const isRepaired = (...names: string[]) => names.some(name => parts.has(name));
  const recordsLost = isRepaired(bucketStream);
  if (recordsLost) await index.restart();
  if (recordsLost || isRepaired(eventStream, consumerPart(eventStream, consumers.projection.durable_name)))
    await projection.restart({ records: recordsLost, sequences: eventsRestarted });
  // Events that were republished during the repair were missed.
  if (isRepaired(eventStream)) feed.mayHaveMissed();
  // No event tells of a waiting task: its record comes from its request.
  if (recordsLost || isRepaired(requestStream)) orphans.restart();
  if (isRepaired(requestStream, consumerPart(requestStream, consumers.schedules.durable_name)))
    await schedules.restart();
  if (isRepaired(requestStream, eventStream)) lostRequests.look();
  // An executor that was faster created them with one replica: how many there are to be is said to gateways alone.
  await ensureReplication(broker);
}
