import { setTimeout as delay } from 'node:timers/promises';
import {
  type Broker,
  isUnavailable,
  type LogEntry,
  type NeededConsumer,
  recordFromLog,
  replayEntries,
  toLogEntry,
} from '@longhaul/broker';
import { fold, isTerminal, type StoredEvent, type TaskRecord } from '@longhaul/proto/wire';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { EventLimits } from './eventLimits.ts';
import { ensureProjectionConsumer, projectionPlan, releasePin } from './projectionConsumer.ts';
import type { RecordIndex } from './recordIndex.ts';
import type { RecordStore, StoredRecord } from './recordStore.ts';

/** How many events are requested in advance. */
const prefetch = 500;
/** How many records of active tasks are cached. Of other tasks the record is read before a put. */
const cachedRecords = 10_000;
/** The delay before a failed batch is tried again. */
const retryDelayMs = 200;

/** The status types of a consumer that delivers nothing any more. */
const lostTypes: ReadonlySet<string> = new Set([
  'consumer_deleted',
  'consumer_not_found',
  'stream_not_found',
  'no_responders',
]);

/** What a projection works with. */
export type ProjectionPorts = {
  readonly store: RecordStore;
  readonly index: RecordIndex;
  /** Called with every fold that this gateway has put: over all gateways once for each change. */
  readonly onFolded: (before: TaskRecord | undefined, after: TaskRecord) => void;
  /** Called when the consumer, its stream or the bucket seems to be lost. */
  readonly onLost: () => void;
};

/**
 * Folds events into records: invariant 3, record-is-fold.
 *
 * The server pins one gateway at a time to the projection consumer and delivers the events to it in order. When that
 * gateway is gone, another one is pinned. Two things keep records correct across such a change:
 *
 * - Order. Events that the earlier gateway received and did not acknowledge are delivered again only after later ones. So
 *   when an event is neither the next sequence nor the next delivery, the gap before it is first read from the stream,
 *   from the position up to which events are known to be folded: `ack_floor`, since a batch is acknowledged only after its
 *   puts.
 * - Two writers. Every put expects the revision that it was folded from, so a gateway that does not know yet that it was
 *   replaced cannot put an older fold over a newer one. After a refused put the record is read and folded again.
 */
export class Projection {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #ports: ProjectionPorts;
  readonly #limits: EventLimits;
  readonly #cache = new LRUCache<string, StoredRecord & { readonly record: TaskRecord }>({
    max: cachedRecords,
  });
  readonly #stop = new AbortController();
  #messages: ConsumerMessages | undefined;
  #loop: Promise<void> = Promise.resolve();
  /** Every event up to this sequence is folded, by this or another gateway. */
  #foldedUpTo = 0;
  /** When the bucket was created that they are folded into. */
  #recordsCreated: string | undefined;
  /** The delivery sequence of the last event that was folded; none where that event was delivered again. */
  #delivered = Number.NaN;
  #arrived: JsMsg[] = [];
  #wake: (() => void) | undefined;
  /** The id that the server gave this gateway when it pinned it. */
  #pinId: string | undefined;
  /** Aborted when the consumer, stream or bucket of the current batch was replaced. */
  #life = new AbortController();
  /** After the event stream was lost: records up to this revision have sequences of the lost stream. */
  #earlierLog: { readonly revision: number; readonly lastSeq: number } | undefined;

  constructor(broker: Broker, logger: Logger, ports: ProjectionPorts) {
    this.#broker = broker;
    this.#logger = logger;
    this.#ports = ports;
    this.#limits = new EventLimits(broker, logger);
  }

  /** Creates the consumer where it is missing, and joins the gateways that wait to be pinned. */
  async start(): Promise<void> {
    await this.#consume();
    this.#loop = this.#run();
  }

  /**
   * Starts again after the consumer, the event stream or the bucket of records was created again.
   *
   * @param lost `records`: all events are to be folded again; `sequences`: the event stream started again, so its
   *   sequences are reused
   */
  async restart(lost: { readonly records: boolean; readonly sequences: boolean }): Promise<void> {
    this.#life.abort();
    this.#life = new AbortController();
    await this.#messages?.close();
    this.#arrived = [];
    this.#cache.clear();
    this.#delivered = Number.NaN;
    if (lost.records || lost.sequences) this.#foldedUpTo = 0;
    if (lost.sequences) {
      const { jsm, topology } = this.#broker;
      const [records, events] = await Promise.all([
        jsm.streams.info(topology.bucketStream),
        jsm.streams.info(topology.eventStream),
      ]);
      this.#earlierLog = { revision: records.state.last_seq, lastSeq: events.state.last_seq };
    }
    if (!this.#stop.signal.aborted) await this.#consume();
  }

  /** The sequence up to which all events are folded. */
  get foldedUpTo(): number {
    return this.#foldedUpTo;
  }

  /** The consumer of the projection, for the guard of the topology. */
  get consumer(): NeededConsumer {
    const { topology } = this.#broker;
    return {
      stream: topology.eventStream,
      plan: projectionPlan(topology),
      ensure: () => this.#ensureConsumer(),
    };
  }

  async #ensureConsumer(): Promise<void> {
    const created = this.#recordsCreated;
    const folded = created === undefined ? undefined : { upTo: this.#foldedUpTo, recordsCreated: created };
    this.#recordsCreated = await ensureProjectionConsumer(this.#broker, folded);
  }

  async #consume(): Promise<void> {
    const { topology, js } = this.#broker;
    const plan = topology.consumers.projection;
    await this.#ensureConsumer();
    const consumer = await js.consumers.get(topology.eventStream, plan.durable_name);
    const life = this.#life.signal;
    this.#messages = await consumer.consume({
      group: plan.priority_groups[0],
      max_messages: prefetch,
      // Bounded by the consumer's `max_ack_pending`.
      callback: message => {
        if (life.aborted) return;
        this.#arrived.push(message);
        this.#wake?.();
      },
    });
    void this.#follow(this.#messages);
  }

  async #follow(messages: ConsumerMessages): Promise<void> {
    for await (const status of messages.status()) {
      if (status.type === 'consumer_pinned') this.#pinId = status.id;
      else if (lostTypes.has(status.type)) this.#ports.onLost();
    }
  }

  /** Finishes the current batch and leaves the rest to another gateway, which is pinned at once. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake?.();
    await this.#messages?.close();
    await this.#loop;
    if (this.#pinId === undefined || this.#broker.nc.isClosed()) return;
    // After the last acknowledgement and on the same connection, so that the next gateway receives no folded events.
    await releasePin(this.#broker, this.#pinId).catch((err: unknown) =>
      this.#logger.debug(
        { err },
        'the projection was not handed over; another gateway takes it over in a few seconds',
      ),
    );
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#arrived.length === 0) {
        await new Promise<void>(resolve => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
        continue;
      }
      const batch = this.#arrived;
      this.#arrived = [];
      await this.#retry(() => this.#project(batch));
    }
  }

  /** Tries a batch until it is folded. Skipping it would fold later events before earlier ones. */
  async #retry(project: () => Promise<void>): Promise<void> {
    const life = this.#life.signal;
    while (!this.#stop.signal.aborted && !life.aborted) {
      try {
        await project();
        return;
      } catch (err) {
        this.#cache.clear();
        if (life.aborted) return;
        // The consumer, a stream or the bucket may be lost.
        this.#ports.onLost();
        if (isUnavailable(err)) this.#logger.warn({ err }, 'NATS does not answer; the projection is waiting');
        else this.#logger.error({ err }, 'a batch of events could not be folded; trying again');
        await delay(retryDelayMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
  }

  async #project(batch: readonly JsMsg[]): Promise<void> {
    const life = this.#life.signal;
    // By owner as well, so that an event with another owner cannot displace the valid events of the task.
    const byTask = new Map<string, StoredEvent[]>();
    const add = ({ stored, malformed }: LogEntry) => {
      if (malformed) {
        this.#logger.warn(malformed, 'a malformed message in an event log was skipped');
        return;
      }
      const key = `${stored.id} ${stored.event.owner}`;
      const events = byTask.get(key);
      if (events) events.push(stored);
      else byTask.set(key, [stored]);
    };
    let upTo = this.#foldedUpTo;
    let delivered = this.#delivered;
    for (const message of batch) {
      const { deliverySequence, deliveryCount } = message.info;
      // First deliveries are in the order of the stream. So sequences between two consecutive ones were dropped by a limit
      // or have expired: there is nothing to read. Next to a message that is delivered again they may be events that the
      // earlier gateway was given later, and whose `ack_wait` is not over.
      const isFirst = deliveryCount === 1;
      const isNextDelivery = isFirst && deliverySequence === delivered + 1;
      delivered = isFirst ? deliverySequence : Number.NaN;
      if (message.seq <= upTo) continue;
      if (message.seq > upTo + 1 && !isNextDelivery) await this.#fillGap(upTo, message.seq, add);
      upTo = message.seq;
      add(toLogEntry(this.#broker, message.subject, message.seq, message.data, message.headers));
    }
    await Promise.all([...byTask.values()].map(events => this.#foldTask(events)));
    for (const events of byTask.values()) this.#limits.passed(events);
    // Restarted in the meantime: these sequences may belong to the lost event stream.
    if (life.aborted) return;
    this.#foldedUpTo = upTo;
    this.#delivered = delivered;
    // With the consumer's acknowledgement policy `all` this acknowledges every event up to this one.
    batch.at(-1)?.ack();
  }

  /** Reads the events between the folded ones and an event that was delivered out of order. See the class comment. */
  async #fillGap(foldedUpTo: number, before: number, add: (entry: LogEntry) => void): Promise<void> {
    const { jsm, topology } = this.#broker;
    const { ack_floor } = await jsm.consumers.info(
      topology.eventStream,
      topology.consumers.projection.durable_name,
    );
    const from = Math.max(foldedUpTo, ack_floor.stream_seq) + 1;
    if (from >= before) return;
    for await (const entry of replayEntries(this.#broker, topology.subjects.allEvents, from)) {
      if (entry.seq >= before) return;
      add(entry);
    }
  }

  /** Folds one task's events into its record: one put for all of them. */
  async #foldTask(events: readonly StoredEvent[]): Promise<void> {
    const first = events[0];
    if (!first) return;
    let before = this.#cache.get(first.id) ?? this.#assumedRecord(first);
    for (;;) {
      before ??= await this.#ports.store.readFromLeader(first.event.owner, first.id);
      // A record that does not fit holds up nothing: it is made again, of the whole log. Its put expects the revision of
      // the one that does not fit, so a good one that was put meanwhile stays.
      const record = before.isUnfit
        ? await recordFromLog(this.#broker, first.id)
        : events.reduce<TaskRecord | undefined>(fold, this.#withValidSeq(before));
      if (!record) {
        this.#logger.warn({ taskId: first.id, seq: first.seq }, 'an event of an unknown task was skipped');
        return;
      }
      if (record === before.record || this.#ports.store.isExpired(record)) return;
      const revision = await this.#ports.store.put(record, before.revision);
      if (revision !== undefined) {
        this.#ports.index.wrote(record, revision);
        this.#ports.onFolded(before.record, record);
        if (isTerminal(record.status)) this.#cache.delete(record.id);
        else this.#cache.set(record.id, { record, revision });
        return;
      }
      before = undefined;
    }
  }

  /** The sequence in a record of the lost event stream is reset, so that events of the new stream are folded. */
  #withValidSeq({ record, revision }: StoredRecord): TaskRecord | undefined {
    const earlier = this.#earlierLog;
    if (!record || !earlier || revision > earlier.revision || record.seq <= earlier.lastSeq) return record;
    return { ...record, seq: 0 };
  }

  /**
   * For a task's first event no record has to be read: the event contains the request, and the bucket has no record yet, or
   * the PENDING record whose revision the index has. If that is wrong, the put is refused. A task that has started
   * according to the index is never assumed to be new: that would put an older fold over a newer one.
   */
  #assumedRecord({ id, event }: StoredEvent): StoredRecord | undefined {
    if (!event.task) return undefined;
    const known = this.#ports.index.get(id);
    // PENDING alone does not show that it never started: a released task is PENDING again.
    const isUnstarted = known?.attempt === 0 && (known.status === 'PENDING' || known.status === 'SCHEDULED');
    if (known && !isUnstarted) return undefined;
    return { record: undefined, revision: this.#ports.index.revisionOf(id) ?? 0 };
  }
}
