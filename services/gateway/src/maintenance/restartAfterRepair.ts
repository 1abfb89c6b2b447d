import { type Broker, consumerPart, type TopologyRepair } from '@longhaul/broker';
import type { Projection } from '../records/projection.ts';
import type { RecordIndex } from '../records/recordIndex.ts';
import type { Schedules } from '../schedules/createSchedules.ts';
import type { LiveFeed } from '../tasks/watch/liveFeed.ts';
import type { Orphans } from './orphans.ts';

/** What of a gateway rests on streams, buckets and consumers. */
export type RestartableParts = {
  readonly index: RecordIndex;
  readonly projection: Projection;
  readonly schedules: Pick<Schedules, 'restart'>;
  readonly feed: LiveFeed;
  readonly orphans: Orphans;
};

/** Begins anew with what rests on the parts that were made anew or brought back to plan. */
export async function restartAfterRepair(
  { topology }: Broker,
  { parts, eventsRestarted }: TopologyRepair,
  { index, projection, schedules, feed, orphans }: RestartableParts,
): Promise<void> {
  const { requestStream, eventStream, bucketStream, consumers } = topology;
  const isNew = (...names: string[]) => names.some(name => parts.has(name));
  const recordsLost = isNew(bucketStream);
  if (recordsLost) await index.restart();
  if (recordsLost || isNew(eventStream, consumerPart(eventStream, consumers.projection.durable_name)))
    await projection.restart({ records: recordsLost, sequences: eventsRestarted });
  // What was republished while it was repaired has passed by.
  if (isNew(eventStream)) feed.reconnected();
  if (isNew(requestStream)) orphans.restart();
  if (isNew(requestStream, consumerPart(requestStream, consumers.schedules.durable_name)))
    await schedules.restart();
}
