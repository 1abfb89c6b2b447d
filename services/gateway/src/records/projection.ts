import { setTimeout as delay } from 'node:timers/promises';
import {
  type Broker,
  isUnavailable,
  type LogEntry,
  type NeededConsumer,
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

/** How many events are asked for ahead. */
const prefetch = 500;
/** How many running tasks' records are kept at hand; of others a put first reads the record. */
const recordsAtHand = 10_000;
/** While NATS does not answer, a batch is tried again after this long. */
const retryDelayMs = 200;

/** What the client says of a consumer that it cannot take from. */
const lost: ReadonlySet<string> = new Set([
  'consumer_deleted',
  'consumer_not_found',
  'stream_not_found',
  'no_responders',
]);

/**
 * Folds events into records: invariant 3, record-is-fold.
 *
 * The server pins one gateway at a time to the projection consumer and gives it the events in order; when that one
 * is gone, another takes over. Two things keep records right whoever projects:
 *
 * - Order across a change. Events that the earlier gateway had received and not acknowledged come again only after
 *   the later ones. So whenever an event is neither the very next one nor the next delivery, the hole before it is first
 *   read from the stream, from where events are known to be folded: `ack_floor`, since a batch is acknowledged only after its puts.
 * - Two writers. Every put expects the revision that it was folded from, so that a gateway that does not know yet
 *   that it was replaced cannot put an older fold over a newer one. A refused put reads, folds and tries again.
 */
export class Projection {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #store: RecordStore;
  readonly #index: RecordIndex;
  readonly #limits: EventLimits;
  readonly #onFolded: (before: TaskRecord | undefined, after: TaskRecord) => void;
  readonly #onLost: () => void;
  readonly #atHand = new LRUCache<string, StoredRecord & { readonly record: TaskRecord }>({
    max: recordsAtHand,
  });
  readonly #stop = new AbortController();
  #messages: ConsumerMessages | undefined;
  #loop: Promise<void> = Promise.resolve();
  /** Every event up to this sequence is folded, by us or by another gateway. */
  #foldedUpTo = 0;
  /** When the bucket was made that they are folded into. */
  #recordsCreated: string | undefined;
  /** The consumer's own number of the last delivery that was folded. */
  #delivered = Number.NaN;
  #arrived: JsMsg[] = [];
  #wake: (() => void) | undefined;
  /** What the server calls us while it gives us the events. */
  #pinId: string | undefined;
  /** Aborted when what the batch at hand came from is gone. */
  #life = new AbortController();
  /** What an event stream left that was lost: records up to a revision whose `seq` counts in it. */
  #earlierLog: { readonly revision: number; readonly lastSeq: number } | undefined;

  /**
   * @param onFolded told of every fold that this gateway has put: by all gateways together, once for each change
   * @param onLost told when the consumer or its stream seems to be gone
   */
  constructor(
    broker: Broker,
    logger: Logger,
    store: RecordStore,
    index: RecordIndex,
    onFolded: (before: TaskRecord | undefined, after: TaskRecord) => void = () => {},
    onLost: () => void = () => {},
  ) {
    this.#onLost = onLost;
    this.#broker = broker;
    this.#logger = logger;
    this.#store = store;
    this.#index = index;
    this.#onFolded = onFolded;
    this.#limits = new EventLimits(broker, logger);
  }

  /** Makes the consumer where it is missing and joins those that wait to be pinned. */
  async start(): Promise<void> {
    await this.#consume();
    this.#loop = this.#run();
  }

  /**
   * Begins anew with what NATS holds now: the consumer, the event stream or the bucket of records was made anew.
   *
   * @param lost `records`: all events are to be folded once more; `sequences`: those of the event stream are used a
   *   second time
   */
  async restart(lost: { readonly records: boolean; readonly sequences: boolean }): Promise<void> {
    this.#life.abort();
    this.#life = new AbortController();
    await this.#messages?.close();
    this.#arrived = [];
    this.#atHand.clear();
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

  /** How far events are folded here. */
  get foldedUpTo(): number {
    return this.#foldedUpTo;
  }

  /** The consumer that it takes events from. */
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
      else if (lost.has(status.type)) this.#onLost();
    }
  }

  /** Finishes the batch at hand and leaves the rest to another gateway, which gets it at once. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake?.();
    await this.#messages?.close();
    await this.#loop;
    if (this.#pinId === undefined || this.#broker.nc.isClosed()) return;
    // After our last acknowledgement, on the same connection: the next one is given nothing that is folded already.
    await releasePin(this.#broker, this.#pinId).catch((err: unknown) =>
      this.#logger.debug(
        { err },
        'the projection was not handed over; another gateway takes it in a few seconds',
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
      await this.#untilDone(() => this.#project(batch));
    }
  }

  /** A batch is tried until it is folded: going on without it would fold later events before earlier ones. */
  async #untilDone(project: () => Promise<void>): Promise<void> {
    const life = this.#life.signal;
    while (!this.#stop.signal.aborted && !life.aborted) {
      try {
        await project();
        return;
      } catch (err) {
        this.#atHand.clear();
        if (life.aborted) return;
        // A part of what it works on may be gone.
        this.#onLost();
        if (isUnavailable(err)) this.#logger.warn({ err }, 'NATS does not answer; the projection waits');
        else this.#logger.error({ err }, 'a batch of events could not be folded; trying again');
        await delay(retryDelayMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
  }

  async #project(batch: readonly JsMsg[]): Promise<void> {
    const life = this.#life.signal;
    // By owner as well: an event that names another one than its task's must not hide those that are right.
    const byTask = new Map<string, StoredEvent[]>();
    const add = ({ stored, malformed }: LogEntry) => {
      if (malformed) {
        this.#logger.warn(
          malformed,
          'a message in an event log does not fit the protocol and was passed over',
        );
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
      const { deliverySequence } = message.info;
      // What lies between two deliveries in a row was dropped by a limit or has expired: there is nothing to read.
      const isNextDelivery = deliverySequence === delivered + 1;
      delivered = deliverySequence;
      if (message.seq <= upTo) continue;
      if (message.seq > upTo + 1 && !isNextDelivery) await this.#fillHole(upTo, message.seq, add);
      upTo = message.seq;
      add(toLogEntry(this.#broker, message.subject, message.seq, message.data));
    }
    await Promise.all([...byTask.values()].map(events => this.#foldTask(events)));
    for (const events of byTask.values()) this.#limits.passed(events);
    // Begun anew meanwhile: these sequences may be of an event stream that is gone.
    if (life.aborted) return;
    this.#foldedUpTo = upTo;
    this.#delivered = delivered;
    // The consumer's policy is `all`: this acknowledges every event up to here.
    batch.at(-1)?.ack();
  }

  /** Reads the events between what is folded and an event that came out of turn. See the class comment. */
  async #fillHole(foldedUpTo: number, before: number, add: (entry: LogEntry) => void): Promise<void> {
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
    let before = this.#atHand.get(first.id) ?? this.#assumed(first);
    for (;;) {
      before ??= await this.#store.readFromLeader(first.event.owner, first.id);
      const record = events.reduce<TaskRecord | undefined>(fold, this.#counted(before));
      if (!record) {
        this.#logger.warn(
          { taskId: first.id, seq: first.seq },
          'an event of an unknown task was passed over',
        );
        return;
      }
      if (record === before.record || this.#store.isExpired(record)) return;
      const revision = await this.#store.put(record, before.revision);
      if (revision !== undefined) {
        this.#index.wrote(record, revision);
        this.#onFolded(before.record, record);
        if (isTerminal(record.status)) this.#atHand.delete(record.id);
        else this.#atHand.set(record.id, { record, revision });
        return;
      }
      before = undefined;
    }
  }

  /** A record of a stream that is gone counts in sequences of that one: none of those that follow is known to it. */
  #counted({ record, revision }: StoredRecord): TaskRecord | undefined {
    const earlier = this.#earlierLog;
    if (!record || !earlier || revision > earlier.revision || record.seq <= earlier.lastSeq) return record;
    return { ...record, seq: 0 };
  }

  /**
   * For a task's first event nothing has to be read: the event carries the request, and the bucket holds nothing
   * yet, or the PENDING record whose revision the index knows. If that is wrong the put is refused. What the index
   * knows as begun is never assumed to be new: that would put an older fold over a later one.
   */
  #assumed({ id, event }: StoredEvent): StoredRecord | undefined {
    if (!event.task) return undefined;
    const known = this.#index.get(id);
    // PENDING alone does not say that it never began: a task that was handed back is so again.
    const isUnbegun = known?.attempt === 0 && (known.status === 'PENDING' || known.status === 'SCHEDULED');
    if (known && !isUnbegun) return undefined;
    return { record: undefined, revision: this.#index.revisionOf(id) ?? 0 };
  }
}
