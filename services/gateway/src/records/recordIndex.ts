import { type Broker, decode } from '@longhaul/broker';
import { recordSchema, type TaskRecord, type TaskSummary } from '@longhaul/proto/wire';
import { Kvm, type KvWatchEntry } from '@nats-io/kv';
import type { Logger } from 'pino';
import BTreeModule from 'sorted-btree';
import { TaskCounts } from '../telemetry/taskCounts.ts';
import { hasExpired, type Retention } from './retention.ts';
import { summarize } from './taskSummary.ts';

// The package is CommonJS: its default export arrives as a property of Node's default import.
const BTree = BTreeModule.default;

/** What the index knows of a record. */
type Entry = { readonly summary: TaskSummary; readonly revision: number };
/** Told of each change: how a task stands now, or how it stood when its record went. */
export type ChangeListener = (summary: TaskSummary, gone: boolean) => void;
/** @param isOurs whether this gateway has just put it */
type OnRecord = (record: TaskRecord, isOurs: boolean) => void;
/** Newest last. ISO instants sort as text; the id makes the key unique. */
type SortKey = string;
type BTreeOf = InstanceType<typeof BTree<SortKey, string>>;

/**
 * Every record of the bucket without its payloads, newest first, in this gateway's memory; fed by a watch on the
 * bucket, so all gateways have the same a few milliseconds after it was put. An entry takes about 1 KiB.
 */
export class RecordIndex {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #byId = new Map<string, Entry>();
  readonly #sorted = new BTree<SortKey, string>();
  /** The same by owner, so that a list of one owner's tasks meets no others. */
  readonly #sortedOf = new Map<string, BTreeOf>();
  /** How many entries there are of each kind. */
  readonly counts = new TaskCounts();
  #stopWatch: (() => void) | undefined;
  readonly #listeners = new Set<ChangeListener>();

  readonly #onRecord: OnRecord;

  /** @param onRecord told of every record that the bucket holds, as it changes */
  constructor(broker: Broker, logger: Logger, onRecord: OnRecord = () => {}) {
    this.#broker = broker;
    this.#logger = logger;
    this.#onRecord = onRecord;
  }

  /** Begins to follow the bucket. Resolves when everything that was in it is in the index. */
  async start(): Promise<void> {
    await this.#follow();
  }

  /** Begins anew with a bucket that was made anew. What it does not hold is gone. */
  async restart(): Promise<void> {
    this.stop();
    for (const id of [...this.#byId.keys()]) this.#delete(id);
    await this.#follow();
  }

  async #follow(): Promise<void> {
    const bucket = await new Kvm(this.#broker.js).open(this.#broker.topology.bucket);
    const { values } = await bucket.status();
    const entries = await bucket.watch();
    let stopped = false;
    this.#stopWatch = () => {
      stopped = true;
      entries.stop();
    };
    await new Promise<void>((resolve, reject) => {
      if (values === 0) resolve();
      const follow = async () => {
        for await (const entry of entries) {
          // Of a bucket that is gone.
          if (stopped) return;
          this.#take(entry);
          if (entry.delta === 0) resolve();
        }
      };
      follow().catch((err: unknown) => {
        this.#logger.error({ err }, 'the watch on the bucket ended');
        reject(err);
      });
    });
  }

  stop(): void {
    this.#stopWatch?.();
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): TaskSummary | undefined {
    return this.#byId.get(id)?.summary;
  }

  /** Tells of every change from now on. The result ends that. */
  listen(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The revision of a record as the index last saw it: a guess that saves the projection a read. */
  revisionOf(id: string): number | undefined {
    return this.#byId.get(id)?.revision;
  }

  /** The summaries of an owner or of all, newest first, from just behind a sort key. */
  *newestFirst(
    behind?: SortKey,
    owner?: string,
  ): Generator<{ readonly key: SortKey; readonly summary: TaskSummary }> {
    const sorted = owner === undefined ? this.#sorted : this.#sortedOf.get(owner);
    if (!sorted) return;
    for (const [key, id] of sorted.entriesReversed(behind, undefined, true)) {
      const entry = this.#byId.get(id);
      if (entry) yield { key, summary: entry.summary };
    }
  }

  /** Puts a task in at once that the bucket will hold in a moment. A watched entry replaces it. */
  anticipate(record: TaskRecord): void {
    if (!this.#byId.has(record.id)) this.#set(summarize(record), 0);
  }

  /**
   * Drops what has expired. The bucket tells of each expiry for a minute; a gateway that was cut off for longer has
   * heard of none, and would list those tasks for ever.
   */
  forgetExpired(retention: Retention, nowMs: number): void {
    for (const [id, { summary }] of this.#byId) if (hasExpired(summary, retention, nowMs)) this.#delete(id);
  }

  /** Takes over a record that this gateway has just put: the watch brings it again, and need not be read then. */
  wrote(record: TaskRecord, revision: number): void {
    if ((this.#byId.get(record.id)?.revision ?? 0) >= revision) return;
    this.#set(summarize(record), revision);
    this.#onRecord(record, true);
  }

  #take(entry: KvWatchEntry): void {
    const id = entry.key.slice(entry.key.lastIndexOf('.') + 1);
    if (entry.operation !== 'PUT' || entry.length === 0) {
      this.#delete(id);
      return;
    }
    if ((this.#byId.get(id)?.revision ?? 0) >= entry.revision) return;
    try {
      const record = decode(recordSchema, entry.key, entry.value);
      this.#set(summarize(record), entry.revision);
      this.#onRecord(record, false);
    } catch (err) {
      this.#logger.warn({ err, key: entry.key }, 'a record that does not fit the protocol is not listed');
    }
  }

  #set(summary: TaskSummary, revision: number): void {
    const before = this.#byId.get(summary.id)?.summary;
    if (!before) {
      const key = sortKey(summary);
      this.#sorted.set(key, summary.id);
      const sortedOf = this.#sortedOf.get(summary.owner) ?? new BTree<SortKey, string>();
      sortedOf.set(key, summary.id);
      this.#sortedOf.set(summary.owner, sortedOf);
    }
    this.counts.move(before, summary);
    this.#byId.set(summary.id, { summary, revision });
    for (const listener of this.#listeners) listener(summary, false);
  }

  #delete(id: string): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    this.#byId.delete(id);
    const key = sortKey(entry.summary);
    this.#sorted.delete(key);
    const { owner } = entry.summary;
    const sortedOf = this.#sortedOf.get(owner);
    sortedOf?.delete(key);
    if (sortedOf?.size === 0) this.#sortedOf.delete(owner);
    this.#sorted.delete(sortKey(entry.summary));
    for (const listener of this.#listeners) listener(entry.summary, true);
    this.counts.move(entry.summary, undefined);
  }
}

function sortKey({ createdAt, id }: TaskSummary): SortKey {
  return `${createdAt}|${id}`;
}
