import { setTimeout as delay } from 'node:timers/promises';
import type { Topology } from '@longhaul/proto/wire';
import { JetStreamApiError, type StreamInfo } from '@nats-io/jetstream';
import type { KvOptions } from '@nats-io/kv';
import type { Broker } from './broker.ts';
import { isServerAway, isStreamNotFound, isUnavailable } from './brokerErrors.ts';
import { TopologyError } from './startErrors.ts';

/** How long a stream may take to copy itself to new replicas before the next one is changed. */
const copyMs = 30_000;
const lookEveryMs = 100;

/** The replication of a bucket that is created, as the client names its options. */
export function bucketReplication({ replication }: Topology): Partial<KvOptions> {
  const { num_replicas: replicas, placement } = replication;
  return {
    ...(replicas === undefined ? {} : { replicas }),
    ...(placement === undefined ? {} : { placement }),
  };
}

/**
 * Gives each stream, bucket and the object store the replicas and the placement that the deployment asks for, and with
 * them their consumers. One after the other, each copied before the next begins: a stream has no leader for a moment
 * while it changes, and several at once would refuse every call. Where the deployment asks for nothing, what an operator
 * has set is left alone. For gateways: the permissions of an executor do not allow it.
 *
 * @throws TopologyError when the server refuses, with what to do
 */
export async function ensureReplication(broker: Broker): Promise<void> {
  const { topology, jsm } = broker;
  const { num_replicas: replicas, placement } = topology.replication;
  if (replicas === undefined && placement === undefined) return;
  for (const name of replicated(topology)) {
    const info = await streamInfo(broker, name);
    if (!info || isAsPlanned(info, topology)) continue;
    try {
      await jsm.streams.update(name, topology.replication);
    } catch (error) {
      throw explainReplication(topology, error);
    }
    await untilCopied(broker, name, replicas ?? info.config.num_replicas);
  }
}

/** JetStream's codes for replicas that a server without a cluster, or a cluster with too few servers, cannot have. */
const replicationRefusals: readonly number[] = [10_005, 10_074];

/** @returns what to throw for an error of creating or changing streams: it says what to do where replicas are the reason */
export function explainReplication({ replication }: Topology, error: unknown): unknown {
  if (!(error instanceof JetStreamApiError && replicationRefusals.includes(error.code))) return error;
  // This deployment can have them, once the server is back.
  if (isServerAway(error)) return error;
  const { num_replicas: replicas, placement } = replication;
  const tags = placement ? ` on servers with the tags ${placement.tags.join(', ')}` : '';
  return new TopologyError(
    `NATS cannot keep ${replicas ?? 'its'} replicas of each stream${tags}: ${error.message}. Run a cluster of at least ${replicas ?? 3} nats-servers with JetStream${placement ? ' and these tags' : ''}, or change replicas (NATS_REPLICAS)${placement ? ' or placementTags (NATS_PLACEMENT_TAGS)' : ''}.`,
    { cause: error },
  );
}

function replicated(topology: Topology): readonly string[] {
  return [
    topology.requestStream,
    topology.eventStream,
    topology.bucketStream,
    topology.scheduleBucketStream,
    topology.limitBucketStream,
    topology.payloadStream,
    topology.secretBucketStream,
  ];
}

function isAsPlanned({ config }: StreamInfo, { replication }: Topology): boolean {
  const { num_replicas: replicas, placement } = replication;
  if (replicas !== undefined && config.num_replicas !== replicas) return false;
  if (placement === undefined) return true;
  const found = config.placement?.tags ?? [];
  return placement.tags.length === found.length && placement.tags.every(tag => found.includes(tag));
}

/** Waits until a stream has a leader and all its copies are current; not for ever, since a server may be down. */
async function untilCopied(broker: Broker, name: string, replicas: number): Promise<void> {
  const untilMs = performance.now() + copyMs;
  while (performance.now() < untilMs) {
    const info = await streamInfo(broker, name).catch((error: unknown) => {
      if (isUnavailable(error)) return undefined;
      throw error;
    });
    const { leader, replicas: others = [] } = info?.cluster ?? {};
    // A single server says nothing of a cluster.
    if (info && replicas === 1 && others.length === 0) return;
    if (leader && others.length === replicas - 1 && others.every(({ current }) => current)) return;
    await delay(lookEveryMs);
  }
}

async function streamInfo({ jsm }: Broker, name: string): Promise<StreamInfo | undefined> {
  try {
    return await jsm.streams.info(name);
  } catch (error) {
    if (!isStreamNotFound(error)) throw error;
    return undefined;
  }
}
