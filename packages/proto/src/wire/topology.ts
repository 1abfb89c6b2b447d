import { z } from 'zod';
import { ownerToken, type Priority } from './names.ts';
import { createSubjects, type Subjects } from './subjects.ts';

const namespaceSchema = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,31}$/,
    'A namespace is a lower-case letter, then lower-case letters, digits, "_" or "-" (32 at most).',
  );

/** Durations as JetStream's configuration writes them: whole nanoseconds. */
const nanos = (ms: number) => ms * 1_000_000;
const dayMs = 24 * 60 * 60 * 1_000;

/** How many days an event is kept; longer than the longest task, and than any record. */
const eventsKeptDays = 30;
/**
 * How long progress and log events are kept, in seconds: their TTL. Lifecycle events stay as long as the stream keeps
 * them, so that an event log never loses what decides over its task while that lives.
 */
export const progressKeptSeconds = 24 * 60 * 60;
/** How many log lines a task keeps, unless a deployment says otherwise; of a chattier one the oldest are dropped. */
export const defaultLogLinesKept = 10_000;
/** The fewest that a deployment may choose. */
export const leastLogLinesKept = 1_000;
/**
 * How many progress events a task keeps. All but the last are history, so at every so many the gateway that projects
 * them drops those before: between this many and twice as many are stored.
 */
export const progressKept = 200;
/**
 * The stream's limit for each subject, so for each kind of a task's events, at least. Lifecycle events stay below it
 * (`lifecycleLimit`), and fewer log lines than it are a matter of the projecting gateway.
 */
const eventsPerSubject = defaultLogLinesKept;
/**
 * Beyond so many lifecycle events a task takes no children and no pauses any more, so that what moves it on to its end
 * has room, and none is ever evicted while it lives.
 */
export const lifecycleLimit = eventsPerSubject - 1_000;
/** The version of the event log, in the metadata of its stream: streams of earlier ones are not read. */
export const eventLogVersion = '2';
/** Where the metadata of the event stream says the version. */
export const eventLogVersionKey = 'longhaul-event-log';
/**
 * How long after its last heartbeat an executor counts as lost, and its requests are delivered again. With a second
 * for the next delivery, a killed executor's task runs elsewhere within 5 s (invariant 6).
 */
export const ackWaitMs = 3_000;
/** From this difference to the server's clock on, a machine's clock is worth a warning: it misleads people who compare logs. */
export const clockNoteMs = 500;
/** How often a running attempt says that it is alive: three may go missing before `ackWaitMs` is over. */
export const heartbeatMs = 750;
/**
 * How old a request may be for an executor to begin it without a look at its event log. With a heartbeat that is less
 * than `ackWaitMs`: an executor that holds such a request is the first to which it was delivered, even if its process was
 * stopped in between.
 */
export const beginsUnreadMs = 1_000;
/**
 * A header of requests. A gateway sets it on the first publish of a request whose id it has just made: no message of
 * that task can be older, so there is nothing to read in its event log. What is published again (an acknowledgement was
 * lost), may have been published before (keys, schedules, children), or comes from others does not have it.
 */
export const firstPublishHeader = 'Longhaul-First-Publish';
/** After so long a firing that a gateway took and did not deal with goes to another gateway. */
export const fireAckWaitMs = 5_000;
/** How long a firing waits for a gateway at most: a day, so that firings that no gateway takes cannot fill the stream. */
export const fireKeptSeconds = 24 * 60 * 60;
/**
 * The largest input, output or progress that a message carries, so that a record of all three fits a server's default
 * `max_payload` of 1 MiB. Larger inputs and outputs go through the object store.
 */
export const inlineLimitBytes = 256 * 1024;
/** The largest input or output, unless a deployment says otherwise. */
export const defaultPayloadLimitBytes = 64 * 1024 * 1024;
/** How long the object store keeps a payload: a day longer than the longest default retention of a record. */
export const defaultPayloadsKeptMs = 8 * dayMs;

/** What a deployment may choose. */
export type TopologyOptions = {
  /** How many log lines a task keeps, 1,000 at least. Default: 10,000, or what the event stream has been given. */
  readonly logLinesKept?: number | undefined;
  /**
   * On how many nats-servers of a cluster each stream, bucket, consumer and the object store is kept. Default: what they
   * have been given; 1 where they are created.
   */
  readonly replicas?: Replicas | undefined;
  /** Tags of the nats-servers that may keep them. Default: what they have been given; any server. */
  readonly placementTags?: readonly string[] | undefined;
};

/** How many copies there can be: an even number survives the loss of no more servers than one copy less would. */
export const replicaCounts = [1, 3, 5] as const;
/** One of {@link replicaCounts}. */
export type Replicas = (typeof replicaCounts)[number];

/**
 * Everything that Longhaul keeps in NATS, as data: streams, consumers, bucket. Broker code creates and checks it;
 * the field names are the server's own, so that they read alike in `nats stream info`.
 *
 * @param namespace the first token of every subject, and what the streams and the bucket are named after
 * @throws TypeError for a namespace, RangeError for a limit out of range
 */
export function createTopology(namespace = 'tasks', options: TopologyOptions = {}) {
  const parsed = namespaceSchema.safeParse(namespace);
  if (!parsed.success)
    throw new TypeError(`"${namespace}" cannot be a namespace. ${parsed.error.issues[0]?.message}`);
  const { logLinesKept, replicas, placementTags } = options;
  if (replicas !== undefined && !replicaCounts.includes(replicas))
    throw new RangeError(`replicas must be ${replicaCounts.join(', ')}, not ${replicas}.`);
  if (
    logLinesKept !== undefined &&
    !(Number.isSafeInteger(logLinesKept) && logLinesKept >= leastLogLinesKept)
  )
    throw new RangeError(
      `logLinesKept must be a whole number of at least ${leastLogLinesKept}, not ${logLinesKept}.`,
    );
  const subjects: Subjects = createSubjects(namespace);
  const isDefault = namespace === 'tasks';
  const streamPrefix = isDefault ? '' : `${namespace.toUpperCase()}_`;
  const requestStream = `${streamPrefix}TASKS`;
  const eventStream = `${streamPrefix}TASK_EVENTS`;
  const bucket = isDefault ? 'tasks' : `${namespace}-tasks`;
  const payloadStore = isDefault ? 'task-payloads' : `${namespace}-task-payloads`;
  const scheduleBucket = isDefault ? 'task-schedules' : `${namespace}-task-schedules`;
  const secretBucket = isDefault ? 'task-secrets' : `${namespace}-task-secrets`;
  const limitBucket = isDefault ? 'task-limits' : `${namespace}-task-limits`;
  return {
    namespace,
    subjects,
    requestStream,
    eventStream,
    bucket,
    /** The stream behind the bucket, and the subject of a key in it (NATS ADR-8). */
    bucketStream: `KV_${bucket}`,
    recordSubject: (owner: string, id: string) => `$KV.${bucket}.${subjects.recordKey(owner, id)}`,
    payloadStore,
    /** The stream behind the object store, and the subject of an object's pieces in it (NATS ADR-20). */
    payloadStream: `OBJ_${payloadStore}`,
    payloadPieces: (nuid: string) => `$O.${payloadStore}.C.${nuid}`,
    /** The subject of what describes an object. @param name the object's, in base64url with padding */
    payloadMeta: (name: string) => `$O.${payloadStore}.M.${name}`,
    /** The bucket of recurring schedules, under the same keys: the owner's token and the schedule's id. */
    scheduleBucket,
    scheduleBucketStream: `KV_${scheduleBucket}`,
    scheduleSubject: (owner: string, id: string) => `$KV.${scheduleBucket}.${subjects.recordKey(owner, id)}`,
    /** The schedules of an owner, or of everybody. */
    scheduleSubjects: (owner?: string) =>
      `$KV.${scheduleBucket}.${owner === undefined ? '' : `${ownerToken(owner)}.`}>`,
    /** The bucket of limits across executors: who holds a permit, and when the latest attempts began. */
    limitBucket,
    limitBucketStream: `KV_${limitBucket}`,
    limitSubject: (key: string) => `$KV.${limitBucket}.${key}`,
    /** The keys of its records: the permits of a group, those of one key of it, and the rate of a task name. */
    permitsKey: (group: string, key?: string) =>
      key === undefined ? `permits.${group}` : `keyed.${ownerToken(key)}.${group}`,
    rateKey: (name: string) => `rate.${name}`,
    /** How many log lines a task keeps, where the deployment says so. */
    logLinesKept,
    /** Where and how often everything is kept, where the deployment says so; in the server's own field names. */
    replication: {
      ...(replicas === undefined ? {} : { num_replicas: replicas }),
      ...(placementTags === undefined || placementTags.length === 0
        ? {}
        : { placement: { cluster: '', tags: [...placementTags] } }),
    } as {
      readonly num_replicas?: Replicas;
      readonly placement?: { readonly cluster: string; readonly tags: string[] };
    },
    /** The bucket of what gateways alone may know, and the key of what the ids of keyed tasks are made with. */
    secretBucket,
    secretBucketStream: `KV_${secretBucket}`,
    idSecretSubject: `$KV.${secretBucket}.task-ids`,
    streams: {
      requests: {
        name: requestStream,
        description: 'Longhaul: task requests and schedules',
        subjects: [subjects.allRequests, subjects.allSchedules, subjects.allFires],
        retention: 'workqueue',
        storage: 'file',
        // Schedules need `discard: old` (the server refuses them with `new`); without limits nothing is discarded.
        discard: 'old',
        allow_direct: true,
        allow_msg_schedules: true,
        allow_msg_ttl: true,
        duplicate_window: nanos(2 * 60 * 1_000),
      },
      events: {
        name: eventStream,
        description: 'Longhaul: what happened to each task',
        subjects: [subjects.allEvents],
        retention: 'limits',
        storage: 'file',
        discard: 'old',
        allow_direct: true,
        allow_msg_ttl: true,
        max_age: nanos(eventsKeptDays * dayMs),
        max_msgs_per_subject: Math.max(logLinesKept ?? 0, eventsPerSubject),
        metadata: { [eventLogVersionKey]: eventLogVersion },
        republish: { src: subjects.allEvents, dest: subjects.allLive },
        duplicate_window: nanos(2 * 60 * 1_000),
      },
    },
    consumers: {
      /** What executors pull requests of one name and priority from. */
      requests: (name: string, priority: Priority) => ({
        durable_name: `${name.replaceAll('.', '-')}-${priority}`,
        filter_subject: subjects.requestsFor(name, priority),
        ack_policy: 'explicit',
        ack_wait: nanos(ackWaitMs),
        // Attempts are counted by `started` events: a request is delivered until its task has ended.
        max_deliver: -1,
        max_ack_pending: -1,
      }),
      /** What gateways take the firings of recurring schedules from, whichever is free. */
      schedules: {
        durable_name: 'schedules',
        filter_subject: subjects.allFires,
        ack_policy: 'explicit',
        ack_wait: nanos(fireAckWaitMs),
        // A firing is delivered until some gateway has dealt with it, or until it is too old (see `fireKeptSeconds`).
        max_deliver: -1,
        max_ack_pending: 1_000,
      },
      /** What gateways fold events from: the server pins one of them at a time, in order (NATS ADR-42). */
      projection: {
        durable_name: 'projection',
        filter_subject: subjects.allEvents,
        ack_policy: 'all',
        ack_wait: nanos(10_000),
        max_deliver: -1,
        max_ack_pending: 20_000,
        priority_policy: 'pinned_client',
        priority_groups: ['projection'],
        priority_timeout: nanos(5_000),
      },
    },
  } as const;
}

/** What Longhaul keeps in NATS: what {@link createTopology} makes. */
export type Topology = ReturnType<typeof createTopology>;
