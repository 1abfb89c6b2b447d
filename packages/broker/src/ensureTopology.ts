import { type ConsumerConfig, JetStreamApiError, type StreamConfig } from '@nats-io/jetstream';
import type { Broker } from './broker.ts';
import {
  isConfigurationConflict,
  isConsumerNotFound,
  isConsumerWithoutFiles,
  isStreamNotFound,
} from './brokerErrors.ts';
import { ensureBucket } from './ensureBucket.ts';
import { requireEventLogVersion } from './eventLogVersion.ts';
import { explainReplication } from './replication.ts';
import { TopologyError } from './startErrors.ts';

/** Records of ended tasks expire by themselves; a marker of the expiry lives this long, so that watchers see it. */
const expiryMarkerTtlMs = 60_000;

/** The sequences that the streams begin with, where they are created again. */
export type FirstSequences = { readonly requests: number; readonly events: number };

/**
 * Creates the streams, the buckets and the object store where they are missing and checks the streams where they are
 * not. Safe to run by many processes at once.
 *
 * @param beginAt where what is created again begins. Default: at 1; behind all that ever was, where another part says that
 *   this is no first start
 * @throws TopologyError naming each field that differs from what Longhaul needs, when the server will not change it
 */
export async function ensureTopology(broker: Broker, beginAt?: FirstSequences): Promise<void> {
  const { streams, bucket, scheduleBucket, limitBucket } = broker.topology;
  const begin = beginAt ?? (await beginOfStart(broker));
  await Promise.all([
    ensureStream(broker, streams.requests, begin?.requests),
    ensureStream(broker, streams.events, begin?.events),
    ensureBucket(broker, bucket, planOf('Longhaul: a record a task')),
    ensureBucket(broker, scheduleBucket, planOf('Longhaul: recurring schedules')),
    ensureBucket(broker, limitBucket, planOf('Longhaul: who holds the permits of a limit')),
    broker.payloads.ensure(),
  ]).catch((error: unknown) => {
    throw explainReplication(broker.topology, error);
  });
}

const planOf = (description: string) => ({
  history: 1,
  markerTTL: expiryMarkerTtlMs,
  description,
  allow_direct: true,
});

/** More than a stream can take in a second, so that what begins by the clock is behind what began so earlier. */
const sequencesPerSecond = 1_000_000;

/**
 * Where streams begin that a starting process finds missing. Sequences must not come a second time: records and watchers
 * remember those of events; and the server takes a late acknowledgement of an earlier queue's request for one of the
 * request that has its sequence now, which would then be gone while it runs (invariant 1, accepted-is-durable). A process
 * that starts cannot know how far the earlier stream went, so the clock says it.
 *
 * @returns `undefined`: nothing has ever been stored
 */
async function beginOfStart(broker: Broker): Promise<FirstSequences | undefined> {
  const { requestStream, eventStream, bucketStream } = broker.topology;
  const lastSeqs = await Promise.all(
    [requestStream, eventStream, bucketStream].map(name => lastSequence(broker, name)),
  );
  if (!lastSeqs.some(seq => seq !== undefined && seq > 0)) return undefined;
  const begin = Math.floor(Date.now() / 1_000) * sequencesPerSecond;
  return { requests: begin, events: begin };
}

/** `undefined`: there is no such stream. */
async function lastSequence({ jsm }: Broker, name: string): Promise<number | undefined> {
  try {
    return (await jsm.streams.info(name)).state.last_seq;
  } catch (error) {
    if (!isStreamNotFound(error)) throw error;
    return undefined;
  }
}

type StreamPlan = Broker['topology']['streams'][keyof Broker['topology']['streams']];

async function ensureStream(broker: Broker, plan: StreamPlan, firstSeq?: number): Promise<void> {
  const config = { ...plan, subjects: [...plan.subjects] } as Partial<StreamConfig> & { name: string };
  const created = { ...config, ...broker.topology.replication };
  try {
    await broker.jsm.streams.add(firstSeq === undefined ? created : { ...created, first_seq: firstSeq });
  } catch (error) {
    // It is there. Where it was to begin elsewhere the server says so by another code.
    const isThere =
      isConfigurationConflict(error) ||
      (firstSeq !== undefined && (await lastSequence(broker, plan.name)) !== undefined);
    if (!isThere) throw error;
    await reconcileStream(broker, config);
  }
}

/** An operator may have changed what is the deployment's to choose (replicas, placement, limits): that is left alone. */
async function reconcileStream(
  broker: Broker,
  planned: Partial<StreamConfig> & { name: string },
): Promise<void> {
  const { config: found, state } = await broker.jsm.streams.info(planned.name);
  if (planned.name === broker.topology.eventStream) requireEventLogVersion(found, state.last_seq);
  const differing = Object.entries(planned).filter(
    ([field, value]) =>
      field !== 'description' &&
      !isLeftAlone(broker, field) &&
      !covers(found[field as keyof StreamConfig], value),
  );
  if (differing.length === 0) return;
  try {
    await broker.jsm.streams.update(planned.name, Object.fromEntries(differing));
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    const fields = differing.map(
      ([field, value]) =>
        `${field} is ${JSON.stringify(found[field as keyof StreamConfig])}, needed ${JSON.stringify(value)}`,
    );
    throw new TopologyError(
      `The stream ${planned.name} exists with a configuration that the server will not change (${error.message}): ${fields.join('; ')}. Use another namespace, or move the stream away.`,
      { cause: error },
    );
  }
}

/** Only a deployment that says how many log lines are kept changes the limit that a stream has been given. */
function isLeftAlone({ topology }: Broker, field: string): boolean {
  return field === 'max_msgs_per_subject' && topology.logLinesKept === undefined;
}

/** Whether what was found has everything that is planned; what the server or an operator has added does not count. */
export function covers(found: unknown, planned: unknown): boolean {
  if (Array.isArray(planned)) {
    return (
      Array.isArray(found) &&
      planned.length === found.length &&
      planned.every((item, i) => covers(found[i], item))
    );
  }
  if (typeof planned === 'object' && planned !== null) {
    if (typeof found !== 'object' || found === null) return false;
    const fields: Record<string, unknown> = { ...found };
    return Object.entries(planned).every(([key, value]) => covers(fields[key], value));
  }
  return found === planned;
}

/** A durable consumer as the topology describes it. */
export type ConsumerPlan = {
  /** The consumer's name. */
  readonly durable_name: string;
  /** The subjects that it delivers. */
  readonly filter_subject: string;
} & Record<string, unknown>;

/**
 * Creates a durable consumer, or brings an existing one to the plan where it differs. What the plan does not name (a
 * pause, replicas) is left as it is. Safe to run by many processes at once.
 */
export async function ensureConsumer(broker: Broker, stream: string, plan: ConsumerPlan): Promise<void> {
  const config: Partial<ConsumerConfig> & { readonly durable_name: string } = { ...plan };
  try {
    await broker.jsm.consumers.add(stream, config);
  } catch (error) {
    if (isConsumerWithoutFiles(error)) return recreateConsumer(broker, stream, config);
    if (!isConfigurationConflict(error)) throw error;
    await bringToPlan(broker, stream, config);
  }
}

/**
 * Replaces a consumer that the server has only in memory. It would be gone after the server's next start, with what it
 * has delivered; deleted now, that is delivered once more, which claims and folds take.
 *
 * Several processes do this at once, and others ensure the consumer meanwhile. Who has seen it, with its pause, deletes it
 * once and creates it; who sees none finds the moment between the two, and only creates it. So nobody deletes what it has
 * not seen, and the last creation stays. A creation that comes first in that moment knows no pause: so the one that
 * deleted pauses what is there then.
 */
async function recreateConsumer(
  broker: Broker,
  stream: string,
  plan: Partial<ConsumerConfig> & { readonly durable_name: string },
): Promise<void> {
  const { consumers } = broker.jsm;
  // Another process may have deleted it since.
  const unlessGone = <T>(asked: Promise<T>): Promise<T | undefined> =>
    asked.catch((error: unknown) => {
      if (!isConsumerNotFound(error)) throw error;
      return undefined;
    });
  const found = await unlessGone(consumers.info(stream, plan.durable_name));
  const until = found?.config.pause_until;
  if (found !== undefined) await unlessGone(consumers.delete(stream, plan.durable_name));
  const paused = until === undefined ? {} : { pause_until: until };
  try {
    await consumers.add(stream, { ...plan, ...paused });
  } catch (error) {
    if (!isConfigurationConflict(error)) throw error;
    await bringToPlan(broker, stream, plan);
  }
  // The server takes the creation of what is there already, and leaves its pause out.
  if (until !== undefined) await consumers.pause(stream, plan.durable_name, new Date(until));
}

/** Changes a consumer where it differs from the plan. */
async function bringToPlan(
  { jsm }: Broker,
  stream: string,
  plan: Partial<ConsumerConfig> & { readonly durable_name: string },
): Promise<void> {
  const { config: found } = await jsm.consumers.info(stream, plan.durable_name);
  if (!covers(found, plan)) await jsm.consumers.update(stream, plan.durable_name, plan);
}
