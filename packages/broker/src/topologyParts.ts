import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream';
import type { Broker } from './broker.ts';
import { isConsumerNotFound, isStreamNotFound } from './brokerErrors.ts';
import { type ConsumerPlan, covers } from './ensureTopology.ts';

/** A durable consumer that a process needs, and the stream that it reads. */
export type NeededConsumer = {
  /** The name of the stream. */
  readonly stream: string;
  /** What the consumer has to be like. */
  readonly plan: ConsumerPlan;
  /** Makes it where it is missing. Default: from the plan. */
  readonly ensure?: () => Promise<void>;
};

/** A stream that some services need beside those that all have, and how it is made. */
export type NeededStream = {
  /** The stream's name. */
  readonly name: string;
  /** What it is called in logs and answers. */
  readonly label: string;
  /** Makes it where it is missing. */
  readonly ensure: () => Promise<void>;
};

/** One thing that Longhaul keeps in NATS, as it was found. `undefined`: it is not there. */
export type FoundPart = {
  readonly name: string;
  /** What it is called in logs and answers. */
  readonly label: string;
  readonly found:
    | {
        readonly created: string;
        readonly firstSeq: number;
        readonly lastSeq: number;
        readonly isAsPlanned: boolean;
      }
    | undefined;
};

/** What was lost or differs, by name, and how a person would say it. */
export type TopologyFault = {
  readonly name: string;
  readonly label: string;
  readonly kind: 'missing' | 'created again' | 'changed';
};

/** What is remembered of each part, by name: when it was made, and the last sequence seen of a stream. */
export type KnownParts = ReadonlyMap<string, { readonly created: string; readonly lastSeq: number }>;

/** The name of a consumer among the parts. */
export const consumerPart = (stream: string, durable: string): string => `${stream}/${durable}`;

/** Checks every stream, and at the consumers that this process needs. One request a stream, one for 256 consumers. */
export async function lookAtTopology(
  broker: Broker,
  consumers: readonly NeededConsumer[],
  more: readonly NeededStream[] = [],
): Promise<FoundPart[]> {
  const all: StreamPart[] = [...streamsOf(broker), ...more];
  const streams = await Promise.all(all.map(stream => lookAtStream(broker, stream)));
  const byStream = Map.groupBy(consumers, ({ stream }) => stream);
  const found = await Promise.all(
    [...byStream].map(([stream, needed]) => lookAtConsumers(broker, stream, needed)),
  );
  return [...streams, ...found.flat()];
}

/** What is wrong, by what was known before. Nothing is wrong with a part that is seen for the first time. */
export function faultsOf(parts: readonly FoundPart[], known: KnownParts): TopologyFault[] {
  return parts.flatMap(({ name, label, found }): TopologyFault[] => {
    if (!found) return [{ name, label, kind: 'missing' }];
    const before = known.get(name);
    if (before !== undefined && before.created !== found.created)
      return [{ name, label, kind: 'created again' }];
    return found.isAsPlanned ? [] : [{ name, label, kind: 'changed' }];
  });
}

type StreamPart = { readonly name: string; readonly label: string; readonly plan?: object };

/** The streams that every service needs, and what each is called. */
export function streamsOf({ topology }: Broker): StreamPart[] {
  const { streams, bucketStream, scheduleBucketStream, limitBucketStream, payloadStream } = topology;
  return [
    {
      name: streams.requests.name,
      label: `the request stream ${streams.requests.name}`,
      plan: streams.requests,
    },
    { name: streams.events.name, label: `the event stream ${streams.events.name}`, plan: streams.events },
    { name: bucketStream, label: `the bucket of records (stream ${bucketStream})` },
    { name: scheduleBucketStream, label: `the bucket of schedules (stream ${scheduleBucketStream})` },
    { name: limitBucketStream, label: `the bucket of limits (stream ${limitBucketStream})` },
    { name: payloadStream, label: `the object store of payloads (stream ${payloadStream})` },
  ];
}

async function lookAtStream(broker: Broker, { name, label, plan = {} }: StreamPart): Promise<FoundPart> {
  try {
    const { created, state, config }: StreamInfo = await broker.jsm.streams.info(name);
    const { description: _free, ...planned } = plan as { readonly description?: string };
    return {
      name,
      label,
      found: {
        created,
        firstSeq: state.first_seq,
        lastSeq: state.last_seq,
        isAsPlanned: covers(config, planned),
      },
    };
  } catch (error) {
    if (!isStreamNotFound(error)) throw error;
    return { name, label, found: undefined };
  }
}

/** Few are asked for one by one: a list tells of all that a stream has. */
const askedAloneMost = 3;

async function lookAtConsumers(
  broker: Broker,
  stream: string,
  needed: readonly NeededConsumer[],
): Promise<FoundPart[]> {
  const infos = new Map<string, ConsumerInfo>();
  const { consumers } = broker.jsm;
  try {
    if (needed.length > askedAloneMost)
      for await (const info of consumers.list(stream)) infos.set(info.name, info);
    // In a cluster a list leaves out the consumers whose leaders do not answer in time: asked for alone, each is found,
    // not found or not answered for.
    const unlisted = needed.filter(({ plan }) => !infos.has(plan.durable_name));
    for (const { plan } of unlisted) {
      const info = await consumers.info(stream, plan.durable_name).catch(ifFound);
      if (info) infos.set(info.name, info);
    }
  } catch (error) {
    if (!isStreamNotFound(error)) throw error;
  }
  return needed.map(({ plan }) => {
    const info = infos.get(plan.durable_name);
    return {
      name: consumerPart(stream, plan.durable_name),
      label: `the consumer ${plan.durable_name} of ${stream}`,
      found: info && {
        created: info.created,
        firstSeq: 0,
        lastSeq: 0,
        isAsPlanned: covers(info.config, plan),
      },
    };
  });
}

function ifFound(error: unknown): undefined {
  if (!isConsumerNotFound(error)) throw error;
  return undefined;
}
