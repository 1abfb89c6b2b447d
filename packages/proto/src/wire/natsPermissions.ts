import type { Topology } from './topology.ts';

/** What one NATS user may publish and subscribe to, as a nats-server's configuration has it. */
export type NatsPermissions = {
  /** The first token of the inboxes that answers to this user go to: its own, so that no other can read them. */
  readonly inboxPrefix: string;
  readonly publish: { readonly allow: readonly string[]; readonly deny?: readonly string[] };
  readonly subscribe: { readonly allow: readonly string[] };
  /** Whether it may answer requests: one message to the reply subject of each. */
  readonly answersRequests: boolean;
};

/** The users that a deployment needs. */
export const natsUsers = ['gateway', 'executor', 'observer'] as const;
export type NatsUser = (typeof natsUsers)[number];

/** Where the answers to a user go. */
export const inboxPrefixOf = (user: NatsUser): string => `_INBOX_${user}`;

/**
 * The least that each user needs, worked out of the topology: every subject that gateways and executors publish or
 * subscribe to, JetStream's API included. A test runs a whole system with exactly these.
 *
 * Nobody may publish live events (the server alone republishes what is stored), delete a stream, or read what belongs to
 * others' inboxes.
 */
export function natsPermissions(topology: Topology): Readonly<Record<NatsUser, NatsPermissions>> {
  return {
    gateway: gatewayPermissions(topology),
    executor: executorPermissions(topology),
    observer: observerPermissions(topology),
  };
}

const api = (verb: string, rest?: string) => `$JS.API.${verb}${rest === undefined ? '' : `.${rest}`}`;

function streamsOf(topology: Topology): readonly string[] {
  const { requestStream, eventStream, bucketStream, payloadStream } = topology;
  const { scheduleBucketStream, limitBucketStream } = topology;
  return [requestStream, eventStream, bucketStream, scheduleBucketStream, limitBucketStream, payloadStream];
}

/** Every service makes what is missing when it starts. Making a stream that is there changes nothing in it. */
const ensuring = (topology: Topology) => [
  api('INFO'),
  ...streamsOf(topology).flatMap(stream => [api('STREAM.CREATE', stream), api('STREAM.INFO', stream)]),
];

/** Reading by sequence or subject, from the leader and from any replica; not by a consumer. */
const reading = (stream: string) => [
  api('STREAM.MSG.GET', stream),
  api('DIRECT.GET', stream),
  api('DIRECT.GET', `${stream}.>`),
];

/** One durable consumer: making it and taking from it. */
const taking = (stream: string, durable: string) => [
  api('CONSUMER.CREATE', `${stream}.${durable}.>`),
  api('CONSUMER.INFO', `${stream}.${durable}`),
  api('CONSUMER.MSG.NEXT', `${stream}.${durable}`),
  `$JS.ACK.${stream}.${durable}.>`,
];

/** An ordered consumer of one's own, as watches of a bucket use it; its flow is controlled by answers. */
const watching = (stream: string) => [
  api('CONSUMER.CREATE', `${stream}.>`),
  api('CONSUMER.INFO', `${stream}.*`),
  api('CONSUMER.DELETE', `${stream}.*`),
  `$JS.FC.${stream}.>`,
];

/** What the server says when somebody deletes or changes what a service needs. */
const advisories = (topology: Topology, consumerStreams: readonly string[]) => [
  ...streamsOf(topology).flatMap(stream => [
    `$JS.EVENT.ADVISORY.STREAM.DELETED.${stream}`,
    `$JS.EVENT.ADVISORY.STREAM.UPDATED.${stream}`,
  ]),
  ...consumerStreams.map(stream => `$JS.EVENT.ADVISORY.CONSUMER.DELETED.${stream}.*`),
];

function gatewayPermissions(topology: Topology): NatsPermissions {
  const { subjects, requestStream, eventStream, bucketStream, bucket, scheduleBucket } = topology;
  const { payloadStore, payloadStream, limitBucket, consumers } = topology;
  return {
    inboxPrefix: inboxPrefixOf('gateway'),
    publish: {
      allow: [
        ...ensuring(topology),
        // A newer version may change what it needs of its streams, and keep payloads for longer.
        ...[requestStream, eventStream, payloadStream].map(stream => api('STREAM.UPDATE', stream)),
        // A canceled request leaves the queue, a key that is used again its old chain, an upload that failed its pieces.
        ...[requestStream, eventStream, payloadStream].map(stream => api('STREAM.PURGE', stream)),
        ...streamsOf(topology).flatMap(reading),
        ...watching(bucketStream),
        ...taking(eventStream, consumers.projection.durable_name),
        ...taking(requestStream, consumers.schedules.durable_name),
        // A gateway that stops hands the projection over; with a new bucket of records all events are folded again.
        api('CONSUMER.UNPIN', `${eventStream}.${consumers.projection.durable_name}`),
        api('CONSUMER.DELETE', `${eventStream}.${consumers.projection.durable_name}`),
        // Pausing a name pauses the consumers that executors take it from; the gateway takes nothing from them.
        api('CONSUMER.CREATE', `${requestStream}.*.${subjects.allRequests}`),
        api('CONSUMER.INFO', `${requestStream}.*`),
        api('CONSUMER.LIST', requestStream),
        api('CONSUMER.PAUSE', `${requestStream}.*`),
        subjects.allRequests,
        subjects.allSchedules,
        subjects.allEvents,
        `$KV.${bucket}.>`,
        `$KV.${scheduleBucket}.>`,
        `$KV.${limitBucket}.>`,
        `$O.${payloadStore}.>`,
        subjects.cancel('*'),
        subjects.control('*'),
        subjects.executorWake,
        // Who is there, and who still has the place of a limit.
        subjects.executorStatus,
        anyHolderOf(topology),
      ],
    },
    subscribe: {
      allow: [
        `${inboxPrefixOf('gateway')}.>`,
        subjects.allLive,
        ...advisories(topology, [requestStream, eventStream]),
      ],
    },
    answersRequests: false,
  };
}

/** An executor is known by a token of its own; the last of the subject. */
const anyHolderOf = ({ subjects }: Topology) => subjects.holder('any').replace(/[^.]+$/, '*');

function executorPermissions(topology: Topology): NatsPermissions {
  const anyHolder = anyHolderOf(topology);
  const { subjects, requestStream, eventStream, payloadStore, payloadStream, consumers } = topology;
  const { bucket, limitBucket, limitBucketStream } = topology;
  const fires = consumers.schedules.durable_name;
  return {
    inboxPrefix: inboxPrefixOf('executor'),
    publish: {
      allow: [
        ...ensuring(topology),
        ...reading(eventStream),
        ...reading(payloadStream),
        // Places of limits that hold across executors.
        ...reading(limitBucketStream),
        `$KV.${limitBucket}.>`,
        subjects.limitFreed,
        // An upload that failed takes its pieces back.
        api('STREAM.PURGE', payloadStream),
        // The consumers that it takes requests from: one a task name and priority, and of requests alone.
        api('CONSUMER.CREATE', `${requestStream}.*.${subjects.allRequests}`),
        api('CONSUMER.INFO', `${requestStream}.*`),
        api('CONSUMER.LIST', requestStream),
        api('CONSUMER.MSG.NEXT', `${requestStream}.*`),
        `$JS.ACK.${requestStream}.>`,
        subjects.allEvents,
        `$O.${payloadStore}.>`,
        anyHolder,
        // A handler may start tasks of its own: now or later, and finds again those that it has started.
        ...reading(requestStream),
        subjects.allRequests,
        subjects.allSchedules,
        // The first record of each of them; all others are the gateways' to write.
        `$KV.${bucket}.>`,
      ],
      deny: [
        // Recurring schedules are the gateways', and so is what they fire.
        subjects.allRecurring,
        api('CONSUMER.MSG.NEXT', `${requestStream}.${fires}`),
        `$JS.ACK.${requestStream}.${fires}.>`,
      ],
    },
    subscribe: {
      allow: [
        `${inboxPrefixOf('executor')}.>`,
        subjects.cancel('*'),
        subjects.control('*'),
        anyHolder,
        subjects.executorStatus,
        subjects.executorWake,
        subjects.limitFreed,
        // How the tasks that a handler has started end.
        subjects.allLive,
        ...advisories(topology, [requestStream]),
        // NATS services (ADR-32): who is there, by kind and by id.
        '$SRV.*',
        '$SRV.*.executor',
        '$SRV.*.executor.*',
      ],
    },
    answersRequests: true,
  };
}

function observerPermissions(topology: Topology): NatsPermissions {
  const { subjects, requestStream, eventStream, bucketStream, consumers } = topology;
  const projection = consumers.projection.durable_name;
  return {
    inboxPrefix: inboxPrefixOf('observer'),
    publish: {
      allow: [
        api('INFO'),
        api('STREAM.NAMES'),
        api('STREAM.LIST'),
        ...streamsOf(topology).map(stream => api('STREAM.INFO', stream)),
        ...streamsOf(topology).flatMap(reading),
        api('CONSUMER.NAMES', '*'),
        api('CONSUMER.LIST', '*'),
        api('CONSUMER.INFO', `${requestStream}.*`),
        api('CONSUMER.INFO', `${eventStream}.*`),
        // Following records and events. Not requests: a consumer of a work queue takes from it.
        ...watching(bucketStream),
        ...watching(eventStream),
        api('CONSUMER.MSG.NEXT', `${eventStream}.*`),
        subjects.executorStatus,
        '$SRV.>',
      ],
      deny: [
        // The consumer that records are made by: whoever takes from it or changes it takes events from the gateways.
        api('CONSUMER.CREATE', `${eventStream}.${projection}.>`),
        api('CONSUMER.DELETE', `${eventStream}.${projection}`),
        api('CONSUMER.MSG.NEXT', `${eventStream}.${projection}`),
      ],
    },
    subscribe: { allow: [`${inboxPrefixOf('observer')}.>`, subjects.allLive, subjects.allEvents] },
    answersRequests: false,
  };
}
