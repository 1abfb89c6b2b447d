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

/** An entry of the index. */
type Entry = { readonly summary: TaskSummary; readonly revision: number };
/** Called with each change: the current summary of a task, or its last one when its record was removed. */
export type ChangeListener = (summary: TaskSummary, gone: boolean) => void;
/** @param isOurs whether this gateway has just written the record */
type OnRecord = (record: TaskRecord, isOurs: boolean) => void;
/** Newest last. ISO instants sort as text; the id makes the key unique. */
type SortKey = string;
type BTreeOf = InstanceType<typeof BTree<SortKey, string>>;

/**
 * The summaries of all records in the bucket, newest first, in this gateway's memory. A watch on the bucket updates it, so
 * all gateways have the same entries a few milliseconds after a put. An entry takes about 1 KiB.
 */
export class RecordIndex {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #byId = new Map<string, Entry>();
  readonly #sorted = new BTree<SortKey, string>();
  /** The same by owner, so that a list of one owner's tasks scans no others. */
  readonly #sortedByOwner = new Map<string, BTreeOf>();
  /** How many tasks exist by owner, task type, priority and status. */
  readonly counts = new TaskCounts();
  #stopWatch: (() => void) | undefined;
  readonly #listeners = new Set<ChangeListener>();

  readonly #onRecord: OnRecord;

  /** @param onRecord called with every record in the bucket, and whenever one changes */
  constructor(broker: Broker, logger: Logger, onRecord: OnRecord = () => {}) {
    this.#broker = broker;
    this.#logger = logger;
    this.#onRecord = onRecord;
  }

  /** Starts to follow the bucket. Resolves when all records that were in it are in the index. */
  async start(): Promise<void> {
    await this.#follow();
  }

  /** Starts again with a bucket that was created again. Records that it does not have are removed. */
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
          // An entry of the previous bucket.
          if (stopped) return;
          this.#apply(entry);
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

  /** Calls a listener with every change from now on. @returns a function that removes the listener */
  listen(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The revision of a record when the index last saw it: an assumption that can save the projection a read. */
  revisionOf(id: string): number | undefined {
    return this.#byId.get(id)?.revision;
  }

  /** Iterates over the summaries of one owner or of all, newest first, starting after a sort key. */
  *newestFirst(
    after?: SortKey,
    owner?: string,
  ): Generator<{ readonly key: SortKey; readonly summary: TaskSummary }> {
    const sorted = owner === undefined ? this.#sorted : this.#sortedByOwner.get(owner);
    if (!sorted) return;
    for (const [key, id] of sorted.entriesReversed(after, undefined, true)) {
      const entry = this.#byId.get(id);
      if (entry) yield { key, summary: entry.summary };
    }
  }

  /** Adds a task at once whose record will be written in a moment. The watched entry replaces it. */
  anticipate(record: TaskRecord): void {
    if (!this.#byId.has(record.id)) this.#set(summarize(record), 0);
  }

  /**
   * Removes expired entries. The bucket keeps the marker of an expired record for a minute. A gateway that was cut off for
   * longer has missed it, and would list the task forever.
   */
  forgetExpired(retention: Retention, nowMs: number): void {
    for (const [id, { summary }] of this.#byId) if (hasExpired(summary, retention, nowMs)) this.#delete(id);
  }

  /** Takes over a record that this gateway has just written, so that the watched entry need not be decoded. */
  wrote(record: TaskRecord, revision: number): void {
    if ((this.#byId.get(record.id)?.revision ?? 0) >= revision) return;
    this.#set(summarize(record), revision);
    this.#onRecord(record, true);
  }

  #apply(entry: KvWatchEntry): void {
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
      this.#logger.warn({ err, key: entry.key }, 'a malformed record is not listed');
    }
  }

  #set(summary: TaskSummary, revision: number): void {
    const before = this.#byId.get(summary.id)?.summary;
    if (!before) {
      const key = sortKey(summary);
      this.#sorted.set(key, summary.id);
      const sortedOf = this.#sortedByOwner.get(summary.owner) ?? new BTree<SortKey, string>();
      sortedOf.set(key, summary.id);
      this.#sortedByOwner.set(summary.owner, sortedOf);
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
    const sortedOf = this.#sortedByOwner.get(owner);
    sortedOf?.delete(key);
    if (sortedOf?.size === 0) this.#sortedByOwner.delete(owner);
    this.#sorted.delete(sortKey(entry.summary));
    for (const listener of this.#listeners) listener(entry.summary, true);
    this.counts.move(entry.summary, undefined);
  }
}

function sortKey({ createdAt, id }: TaskSummary): SortKey {
  return `${createdAt}|${id}`;
}
