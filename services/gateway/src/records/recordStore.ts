import { type Broker, encode, type Revisioned, RevisionedBucket } from '@longhaul/broker';
import { fitRecord, isTerminal, recordSchema, type TaskRecord } from '@longhaul/proto/wire';
import { hasExpired, keptSeconds, type Retention } from './retention.ts';

/** A record in the bucket. `revision`: the last sequence of its key, 0 when the key was never written. */
export type StoredRecord = {
  readonly record: TaskRecord | undefined;
  readonly revision: number;
  /** There is one that does not fit, which a foreign writer or another version has put. The event log has all of it. */
  readonly isUnfit?: boolean;
};

/** Reads and writes the records of tasks in their bucket. */
export class RecordStore {
  readonly #broker: Broker;
  readonly #retention: Retention;
  readonly #bucket: RevisionedBucket<typeof recordSchema>;

  constructor(broker: Broker, retention: Retention) {
    this.#broker = broker;
    this.#retention = retention;
    this.#bucket = new RevisionedBucket(broker, {
      stream: broker.topology.bucketStream,
      schema: recordSchema,
      passesOverUnfit: true,
      encode: record => this.#encode(record),
    });
  }

  /** Reads a record from any replica, and from the leader when that replica does not have it yet. */
  async read(owner: string, id: string): Promise<StoredRecord> {
    return toStored(await this.#bucket.readNearest(this.#subjectOf(owner, id)));
  }

  /** Reads a record from the leader. */
  async readFromLeader(owner: string, id: string): Promise<StoredRecord> {
    return toStored(await this.#bucket.read(this.#subjectOf(owner, id)));
  }

  /**
   * Writes a record if its key still has the expected revision.
   * @returns the new revision, or `undefined` when the key was written in the meantime
   */
  put(record: TaskRecord, expectedRevision: number): Promise<number | undefined> {
    const { owner, id } = record;
    return this.#bucket.put(this.#subjectOf(owner, id), record, expectedRevision, this.#ttlOf(record));
  }

  /** Whether the retention of an ended task is over. */
  isExpired(record: TaskRecord): boolean {
    return hasExpired(record, this.#retention, this.#broker.clock.nowMs());
  }

  #subjectOf(owner: string, id: string): string {
    return this.#broker.topology.recordSubject(owner, id);
  }

  #encode(record: TaskRecord): Uint8Array {
    const encoded = encode(record);
    // The server's limit of a message, less room for its headers.
    const limitBytes = (this.#broker.nc.info?.max_payload ?? 1024 * 1024) - 4_096;
    if (encoded.length <= limitBytes) return encoded;
    return encode(fitRecord(record, limitBytes, candidate => encode(candidate).length));
  }

  #ttlOf({ status }: TaskRecord): string | undefined {
    return isTerminal(status) ? `${keptSeconds(status, this.#retention)}s` : undefined;
  }
}

function toStored({ value, revision, unfit }: Revisioned<TaskRecord>): StoredRecord {
  return { record: value, revision, ...(unfit ? { isUnfit: true } : {}) };
}
