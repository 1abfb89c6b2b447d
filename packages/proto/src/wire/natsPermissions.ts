import type { Topology } from './topology.ts';

/** What one NATS user may publish and subscribe to, as a nats-server's configuration has it. */
export type NatsPermissions = {
  /** The first token of the inboxes that answers to this user go to: its own, so that no other can read them. */
  readonly inboxPrefix: string;
  /** Subjects that it may publish to; what is denied wins. */
  readonly publish: { readonly allow: readonly string[]; readonly deny?: readonly string[] };
  /** Subjects that it may subscribe to. */
  readonly subscribe: { readonly allow: readonly string[] };
  /**
   * Whether it has an account of its own, into which exactly what it may publish and subscribe to is imported.
   *
   * Inside one account the server checks the subject of a request, and not its reply subject: a user who may read a stream
   * can have the answer published wherever he likes, past his own permissions, and into other streams as well. Replies
   * never leave an account.
   */
  readonly isApart: boolean;
};

/** The users that a deployment needs. */
export const natsUsers = ['gateway', 'executor', 'observer'] as const;
/** A user that a deployment needs. */
export type NatsUser = (typeof natsUsers)[number];

/** Where the answers to a user go. */
export const inboxPrefixOf = (user: NatsUser): string => `_INBOX_${user}`;

/**
 * The least that each user needs, worked out of the topology: every subject that gateways and executors publish or
 * subscribe to, JetStream's API included. A test runs a whole system with exactly these.
 *
 * No user may publish live events (the server alone republishes what is stored), delete a stream, or read what belongs to
 * others' inboxes. No user has `allow_responses`: a user who may send himself a request, with a reply subject of his
 * choice, may then publish anything.
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
const advisories = (
  topology: Topology,
  consumerStreams: readonly string[],
  moreStreams: readonly string[] = [],
) => [
  ...[...streamsOf(topology), ...moreStreams].flatMap(stream => [
    `$JS.EVENT.ADVISORY.STREAM.DELETED.${stream}`,
    `$JS.EVENT.ADVISORY.STREAM.UPDATED.${stream}`,
  ]),
  ...consumerStreams.map(stream => `$JS.EVENT.ADVISORY.CONSUMER.DELETED.${stream}.*`),
];

function gatewayPermissions(topology: Topology): NatsPermissions {
  const { subjects, requestStream, eventStream, bucketStream, bucket, scheduleBucket } = topology;
  const { payloadStore, payloadStream, limitBucket, consumers, secretBucketStream, idSecretSubject } =
    topology;
  return {
    inboxPrefix: inboxPrefixOf('gateway'),
    publish: {
      allow: [
        ...ensuring(topology),
        // A newer version may change what it needs of its streams, and keep payloads for longer.
        ...[requestStream, eventStream, payloadStream].map(stream => api('STREAM.UPDATE', stream)),
        // A canceled request leaves the queue, a reused key its old event log, an upload that failed its pieces.
        ...[requestStream, eventStream, payloadStream].map(stream => api('STREAM.PURGE', stream)),
        // A request leaves the queue before it is delivered when its task is canceled.
        api('STREAM.MSG.DELETE', requestStream),
        ...streamsOf(topology).flatMap(reading),
        // What the ids of keyed tasks are made with is secret from all others.
        api('STREAM.CREATE', secretBucketStream),
        api('STREAM.INFO', secretBucketStream),
        api('STREAM.MSG.GET', secretBucketStream),
        idSecretSubject,
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
        // Who is there, and who still has the permit of a limit.
        subjects.executorStatus,
        anyHolderOf(topology),
      ],
    },
    subscribe: {
      allow: [
        `${inboxPrefixOf('gateway')}.>`,
        `${subjects.answers('gateway')}.>`,
        subjects.allLive,
        ...advisories(topology, [requestStream, eventStream], [secretBucketStream]),
        ...elections(topology),
      ],
    },
    isApart: false,
  };
}

/** An executor is known by a token of its own; the last of the subject. */
const anyHolderOf = ({ subjects }: Topology) => subjects.holder('any').replace(/[^.]+$/, '*');

/**
 * What the last leader of a stream was sent and had not passed on is answered by nobody, and what it had stored and not
 * republished is missed by every watcher.
 */
const elections = ({ requestStream, eventStream }: Topology) =>
  [requestStream, eventStream].map(stream => `$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.${stream}`);

function executorPermissions(topology: Topology): NatsPermissions {
  const anyHolder = anyHolderOf(topology);
  const { subjects, requestStream, eventStream, payloadStore, payloadStream, consumers } = topology;
  const { limitBucket, limitBucketStream } = topology;
  const fires = consumers.schedules.durable_name;
  return {
    inboxPrefix: inboxPrefixOf('executor'),
    publish: {
      allow: [
        ...ensuring(topology),
        ...reading(eventStream),
        ...reading(payloadStream),
        // Permits of limits that hold across executors.
        ...reading(limitBucketStream),
        `$KV.${limitBucket}.>`,
        subjects.limitFreed,
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
        // Its answers: to commands, and to the questions of observers (the server's subjects between two accounts).
        subjects.allAnswers,
        '_R_.>',
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
        `${subjects.answers('executor')}.>`,
        subjects.cancel('*'),
        subjects.control('*'),
        anyHolder,
        subjects.executorStatus,
        subjects.executorWake,
        subjects.limitFreed,
        // How the tasks that a handler has started end.
        subjects.allLive,
        ...advisories(topology, [requestStream]),
        ...elections(topology),
        // NATS services (ADR-32): who is there, by kind and by id.
        '$SRV.*',
        '$SRV.*.executor',
        '$SRV.*.executor.*',
      ],
    },
    isApart: false,
  };
}

function observerPermissions(topology: Topology): NatsPermissions {
  const { subjects, bucket, scheduleBucket } = topology;
  return {
    inboxPrefix: inboxPrefixOf('observer'),
    publish: {
      allow: [
        api('INFO'),
        api('STREAM.NAMES'),
        api('STREAM.LIST'),
        ...streamsOf(topology).map(stream => api('STREAM.INFO', stream)),
        ...streamsOf(topology).flatMap(reading),
        // Looking at consumers, and making none: one that pushes would have the server publish where its maker says.
        api('CONSUMER.NAMES', '*'),
        api('CONSUMER.LIST', '*'),
        ...streamsOf(topology).map(stream => api('CONSUMER.INFO', `${stream}.*`)),
        subjects.executorStatus,
        '$SRV.>',
      ],
    },
    subscribe: {
      allow: [
        `${inboxPrefixOf('observer')}.>`,
        // What changes, as it changes.
        subjects.allEvents,
        subjects.allLive,
        `$KV.${bucket}.>`,
        `$KV.${scheduleBucket}.>`,
      ],
    },
    isApart: true,
  };
}

/** What is imported into the account of a user apart: everything that it may reach but its own inbox. */
export function importsOf({ publish, subscribe, inboxPrefix }: NatsPermissions): {
  readonly services: readonly string[];
  readonly streams: readonly string[];
} {
  return {
    services: publish.allow,
    streams: subscribe.allow.filter(subject => subject !== `${inboxPrefix}.>`),
  };
}
