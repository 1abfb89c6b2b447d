import { type Broker, covers, isConsumerNotFound, isStreamNotFound } from '@longhaul/broker';
import type { Check, Finding } from './finding.ts';

type Found = Omit<Finding, 'check'>;
type Info = Awaited<ReturnType<Broker['jsm']['streams']['info']>>;

const repair = 'A running gateway repairs it by itself: start one, or look into its log for why it cannot.';

/** Streams and buckets: that they are there, as they are planned, and on as many servers as they are to be. */
export const streamCheck: Check = {
  check: 'streams',
  run: async ({ broker }) => {
    const { topology } = broker;
    const names = [
      topology.requestStream,
      topology.eventStream,
      topology.bucketStream,
      topology.scheduleBucketStream,
      topology.limitBucketStream,
      topology.payloadStream,
    ];
    const infos = await Promise.all(names.map(name => infoOf(broker, name)));
    const missing = names.filter((_name, index) => infos[index] === undefined);
    if (missing.length === names.length)
      return [
        {
          level: 'wrong',
          says: `there is nothing of the namespace "${topology.namespace}"`,
          advice:
            'Start a gateway, which makes it; or name another namespace: --namespace, LONGHAUL_NAMESPACE.',
        },
      ];
    const there = infos.filter(info => info !== undefined);
    const findings: Found[] = [
      ...missing.map(name => ({ level: 'wrong' as const, says: `${name} is missing`, advice: repair })),
      ...there.flatMap(info => driftOf(broker, info)),
      ...there.flatMap(info => replicasOf(info, broker.nc.info?.cluster !== undefined)),
      ...(await consumersOf(broker)),
    ];
    if (findings.length > 0) return findings;
    const replicas = new Set(there.map(({ config }) => config.num_replicas));
    return [
      {
        level: 'good',
        says: `all ${names.length} are there, as planned, with ${[...replicas].join(' or ')} replica${replicas.has(1) ? '' : 's'}`,
      },
    ];
  },
};

async function infoOf({ jsm }: Broker, name: string): Promise<Info | undefined> {
  try {
    return await jsm.streams.info(name);
  } catch (error) {
    if (isStreamNotFound(error)) return undefined;
    throw error;
  }
}

/** A deployment may keep more log lines than are planned here (LOG_LINES_KEPT): that is no drift. */
function driftOf({ topology }: Broker, { config }: Info): Found[] {
  const plan: object | undefined = Object.values(topology.streams).find(({ name }) => name === config.name);
  return Object.entries(plan ?? {}).flatMap(([field, wanted]) => {
    const found: unknown = config[field as keyof typeof config];
    const isMore = field === 'max_msgs_per_subject' && Number(found) >= Number(wanted);
    if (field === 'description' || isMore || covers(found, wanted)) return [];
    return [
      {
        level: 'wrong' as const,
        says: `${config.name} has ${field} ${JSON.stringify(found)}, planned is ${JSON.stringify(wanted)}`,
        advice: repair,
      },
    ];
  });
}

/** A server alone tells of a cluster as well: of itself as the leader. */
function replicasOf({ config, cluster }: Info, isClustered: boolean): Found[] {
  if (!cluster || !isClustered) return [];
  const { leader, replicas = [] } = cluster;
  const away = replicas.filter(({ offline, current }) => offline === true || !current);
  return [
    ...(leader
      ? []
      : [
          {
            level: 'wrong' as const,
            says: `${config.name} has no leader`,
            advice:
              'Start the servers that are away: with a majority of its replicas a stream has a leader again.',
          },
        ]),
    ...away.map(({ name, offline, lag }) => ({
      level: 'wrong' as const,
      says: `the replica of ${config.name} on ${name} is ${offline ? 'offline' : `behind${lag === undefined ? '' : ` by ${lag}`}`}`,
      advice: 'Start that server, or wait until it has caught up. One more that fails can stop the stream.',
    })),
    ...(config.num_replicas === 1
      ? [
          {
            level: 'note' as const,
            says: `${config.name} is on one server of a cluster`,
            advice: 'Start a gateway with NATS_REPLICAS=3: then it survives the loss of a server.',
          },
        ]
      : []),
  ];
}

async function consumersOf({ jsm, topology }: Broker): Promise<Found[]> {
  const needed = [
    [topology.eventStream, topology.consumers.projection.durable_name],
    [topology.requestStream, topology.consumers.schedules.durable_name],
  ] as const;
  const findings = await Promise.all(
    needed.map(async ([stream, name]): Promise<Found[]> => {
      try {
        await jsm.consumers.info(stream, name);
        return [];
      } catch (error) {
        if (!isConsumerNotFound(error) && !isStreamNotFound(error)) throw error;
        return [{ level: 'wrong', says: `the consumer ${name} of ${stream} is missing`, advice: repair }];
      }
    }),
  );
  return findings.flat();
}
