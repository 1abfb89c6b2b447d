import { type Broker, decode, encode, isWrongLastSequence } from '@longhaul/broker';
import { fitRecord, isTerminal, recordSchema, type TaskRecord } from '@longhaul/proto/wire';
import type { StoredMsg } from '@nats-io/jetstream';
import { hasExpired, keptSeconds, type Retention } from './retention.ts';

/** A record in the bucket. `revision`: the last sequence of its key, 0 when the key was never written. */
export type StoredRecord = { readonly record: TaskRecord | undefined; readonly revision: number };

/** Reads and writes records by the subjects of the KV bucket (NATS ADR-8), so that a put can expect a revision and expire. */
export class RecordStore {
  readonly #broker: Broker;
  readonly #retention: Retention;

  constructor(broker: Broker, retention: Retention) {
    this.#broker = broker;
    this.#retention = retention;
  }

  /** Reads a record from any replica, and from the leader when that replica does not have it yet. */
  async read(owner: string, id: string): Promise<StoredRecord> {
    const { jsm, topology } = this.#broker;
    const subject = topology.recordSubject(owner, id);
    const nearest = await jsm.direct.getMessage(topology.bucketStream, { last_by_subj: subject });
    if (nearest || !(await this.#isReplicated())) return toStoredRecord(nearest);
    return this.readFromLeader(owner, id);
  }

  /** Reads a record from the leader. */
  async readFromLeader(owner: string, id: string): Promise<StoredRecord> {
    const { jsm, topology } = this.#broker;
    const subject = topology.recordSubject(owner, id);
    return toStoredRecord(await jsm.streams.getMessage(topology.bucketStream, { last_by_subj: subject }));
  }

  /**
   * Writes a record if its key still has the expected revision.
   * @returns the new revision, or `undefined` when the key was written in the meantime
   */
  async put(record: TaskRecord, expectedRevision: number): Promise<number | undefined> {
    const { acked, topology } = this.#broker;
    const ttl = this.#ttlOf(record);
    try {
      const ack = await acked.publish(topology.recordSubject(record.owner, record.id), this.#encode(record), {
        expect: { lastSubjectSequence: expectedRevision },
        ...(ttl === undefined ? {} : { ttl }),
      });
      return ack.seq;
    } catch (error) {
      if (isWrongLastSequence(error)) return undefined;
      throw error;
    }
  }

  /** Whether the retention of an ended task is over. */
  isExpired(record: TaskRecord): boolean {
    return hasExpired(record, this.#retention, Date.now());
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

  #replicated: Promise<boolean> | undefined;
  /** Whether the bucket has several replicas. With one, a direct get reads from the leader. */
  #isReplicated(): Promise<boolean> {
    this.#replicated ??= this.#broker.jsm.streams
      .info(this.#broker.topology.bucketStream)
      .then(info => info.config.num_replicas > 1)
      .catch(error => {
        this.#replicated = undefined;
        throw error;
      });
    return this.#replicated;
  }
}

function toStoredRecord(message: StoredMsg | null): StoredRecord {
  if (!message) return { record: undefined, revision: 0 };
  // A deleted or expired key has a marker without a value.
  if (message.data.length === 0) return { record: undefined, revision: message.seq };
  return { record: decode(recordSchema, message.subject, message.data), revision: message.seq };
}
