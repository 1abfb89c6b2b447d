import { setTimeout as delay } from 'node:timers/promises';
import { type Broker, ensureConsumer, isUnavailable, replayEvents, toStoredEvent } from '@longhaul/broker';
import { fold, isTerminal, type StoredEvent, type TaskRecord } from '@longhaul/proto';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { RecordIndex } from './recordIndex.ts';
import type { RecordStore, StoredRecord } from './recordStore.ts';

/** How many events are asked for ahead. */
const prefetch = 500;
/** How many running tasks' records are kept at hand; of others a put first reads the record. */
const recordsAtHand = 10_000;
/** While NATS does not answer, a batch is tried again after this long. */
const retryDelayMs = 200;

/**
 * Folds events into records: invariant 3, record-is-fold.
 *
 * The server pins one gateway at a time to the projection consumer and gives it the events in order; when that one
 * is gone, another takes over. Two things keep records right whoever projects:
 *
 * - Order across a change. Events that the earlier gateway had received and not acknowledged come again only after
 *   the later ones. So whenever an event is not the very next one, the hole before it is first read from the stream,
 *   from where events are known to be folded: `ack_floor`, since a batch is acknowledged only after its puts.
 * - Two writers. Every put expects the revision that it was folded from, so that a gateway that does not know yet
 *   that it was replaced cannot put an older fold over a newer one. A refused put reads, folds and tries again.
 */
export class Projection {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #store: RecordStore;
  readonly #index: RecordIndex;
  readonly #onFolded: (before: TaskRecord | undefined, after: TaskRecord) => void;
  readonly #atHand = new LRUCache<string, StoredRecord & { readonly record: TaskRecord }>({
    max: recordsAtHand,
  });
  readonly #stop = new AbortController();
  #messages: ConsumerMessages | undefined;
  #loop: Promise<void> = Promise.resolve();
  /** Every event up to this sequence is folded, by us or by another gateway. */
  #foldedUpTo = 0;
  #arrived: JsMsg[] = [];
  #wake: (() => void) | undefined;

  /** @param onFolded told of every fold that this gateway has put: by all gateways together, once for each change */
  constructor(
    broker: Broker,
    logger: Logger,
    store: RecordStore,
    index: RecordIndex,
    onFolded: (before: TaskRecord | undefined, after: TaskRecord) => void = () => {},
  ) {
    this.#broker = broker;
    this.#logger = logger;
    this.#store = store;
    this.#index = index;
    this.#onFolded = onFolded;
  }

  /** Makes the consumer where it is missing and joins those that wait to be pinned. */
  async start(): Promise<void> {
    const { topology, js } = this.#broker;
    const plan = topology.consumers.projection;
    await ensureConsumer(this.#broker, topology.eventStream, {
      ...plan,
      priority_groups: [...plan.priority_groups],
    });
    const consumer = await js.consumers.get(topology.eventStream, plan.durable_name);
    this.#messages = await consumer.consume({
      group: plan.priority_groups[0],
      max_messages: prefetch,
      // Bounded by the consumer's `max_ack_pending`.
      callback: message => {
        this.#arrived.push(message);
        this.#wake?.();
      },
    });
    this.#loop = this.#run();
  }

  /** Finishes the batch at hand and leaves the rest to another gateway. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake?.();
    await this.#messages?.close();
    await this.#loop;
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
    while (!this.#stop.signal.aborted) {
      try {
        await project();
        return;
      } catch (err) {
        this.#atHand.clear();
        if (isUnavailable(err)) this.#logger.warn({ err }, 'NATS does not answer; the projection waits');
        else this.#logger.error({ err }, 'a batch of events could not be folded; trying again');
        await delay(retryDelayMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
  }

  async #project(batch: readonly JsMsg[]): Promise<void> {
    const byTask = new Map<string, StoredEvent[]>();
    const add = (event: StoredEvent) => {
      const events = byTask.get(event.id);
      if (events) events.push(event);
      else byTask.set(event.id, [event]);
    };
    let upTo = this.#foldedUpTo;
    for (const message of batch) {
      if (message.seq <= upTo) continue;
      if (message.seq > upTo + 1) await this.#fillHole(upTo, message.seq, add);
      upTo = message.seq;
      const event = toStoredEvent(this.#broker, message.subject, message.seq, message.data);
      if (event) add(event);
      else
        this.#logger.warn(
          { subject: message.subject, seq: message.seq },
          'an event that does not fit the protocol was passed over',
        );
    }
    await Promise.all([...byTask.values()].map(events => this.#foldTask(events)));
    this.#foldedUpTo = upTo;
    // The consumer's policy is `all`: this acknowledges every event up to here.
    batch.at(-1)?.ack();
  }

  /** Reads the events between what is folded and an event that came out of turn. See the class comment. */
  async #fillHole(foldedUpTo: number, before: number, add: (event: StoredEvent) => void): Promise<void> {
    const { jsm, topology } = this.#broker;
    const { ack_floor } = await jsm.consumers.info(
      topology.eventStream,
      topology.consumers.projection.durable_name,
    );
    const from = Math.max(foldedUpTo, ack_floor.stream_seq) + 1;
    if (from >= before) return;
    for await (const event of replayEvents(this.#broker, topology.subjects.allEvents, from)) {
      if (event.seq >= before) return;
      add(event);
    }
  }

  /** Folds one task's events into its record: one put for all of them. */
  async #foldTask(events: readonly StoredEvent[]): Promise<void> {
    const first = events[0];
    if (!first) return;
    let before = this.#atHand.get(first.id) ?? this.#assumed(first);
    for (;;) {
      before ??= await this.#store.readFromLeader(first.event.owner, first.id);
      const record = events.reduce<TaskRecord | undefined>(fold, before.record);
      if (!record) {
        this.#logger.warn(
          { taskId: first.id, seq: first.seq },
          'an event of an unknown task was passed over',
        );
        return;
      }
      if (record === before.record) return;
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
