import { type Broker, decode, encode, isWrongLastSequence, readBatch } from '@longhaul/broker';
import { type ScheduleRecord, scheduleSchema } from '@longhaul/proto/wire';
import type { StoredMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';

/** A schedule in the bucket. `revision`: the last sequence of its key, 0 when the key was never written. */
export type StoredSchedule = { readonly schedule: ScheduleRecord | undefined; readonly revision: number };

/** How long the marker of a deleted key is kept, for watchers of the bucket. */
const markerTtl = '60s';
/** How many records, and how many bytes of them, one read requests. */
const batchSize = 200;
const readBytes = 4 * 1024 * 1024;

/** Reads and writes schedules by the subjects of their KV bucket (NATS ADR-8), so that a write can expect a revision. */
export class ScheduleStore {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Reads a schedule from the leader. */
  async read(owner: string, id: string): Promise<StoredSchedule> {
    const { jsm, topology } = this.#broker;
    const query = { last_by_subj: topology.scheduleSubject(owner, id) };
    return toStored(await jsm.streams.getMessage(topology.scheduleBucketStream, query));
  }

  /**
   * Writes a schedule if its key still has the expected revision.
   * @returns the new revision, or `undefined` when the key was written in the meantime
   */
  async put(schedule: ScheduleRecord, expectedRevision: number): Promise<number | undefined> {
    const subject = this.#broker.topology.scheduleSubject(schedule.owner, schedule.id);
    return this.#publish(subject, encode(schedule), { expect: { lastSubjectSequence: expectedRevision } });
  }

  /** Removes a schedule if its key still has the expected revision. @returns whether it was removed */
  async remove(owner: string, id: string, expectedRevision: number): Promise<boolean> {
    const purge = headers();
    purge.set('KV-Operation', 'PURGE');
    purge.set('Nats-Rollup', 'sub');
    const subject = this.#broker.topology.scheduleSubject(owner, id);
    const options = { headers: purge, ttl: markerTtl, expect: { lastSubjectSequence: expectedRevision } };
    return (await this.#publish(subject, new Uint8Array(), options)) !== undefined;
  }

  /** Changes a schedule, and repeats the change after concurrent writes. `undefined`: the schedule does not exist. */
  async update(
    owner: string,
    id: string,
    change: (schedule: ScheduleRecord) => ScheduleRecord,
  ): Promise<ScheduleRecord | undefined> {
    for (;;) {
      const { schedule, revision } = await this.read(owner, id);
      if (!schedule) return undefined;
      const changed = change(schedule);
      if (changed === schedule || (await this.put(changed, revision)) !== undefined) return changed;
    }
  }

  /**
   * Reads up to `limit` schedules of an owner or of all owners. Schedules that fire during the read move to the end of the
   * bucket's stream, so the read ends where no further schedules are found.
   */
  async list(owner: string | undefined, limit: number): Promise<ScheduleRecord[]> {
    const { jsm, topology } = this.#broker;
    const { state } = await jsm.streams.info(topology.scheduleBucketStream);
    const found = new Map<string, ScheduleRecord>();
    for (let seq = 1; ; ) {
      const { messages } = await readBatch(this.#broker, topology.scheduleBucketStream, {
        seq,
        batch: batchSize,
        max_bytes: readBytes,
        next_by_subj: topology.scheduleSubjects(owner),
      });
      const before = found.size;
      for (const message of messages) {
        const { schedule } = toStored(message);
        if (schedule) found.set(message.subject, schedule);
      }
      seq = (messages.at(-1)?.seq ?? 0) + 1;
      const atEnd = messages.length === 0 || (seq > state.last_seq && found.size === before);
      if (atEnd || found.size >= limit) return [...found.values()].slice(0, limit);
    }
  }

  /** The subjects of schedules in the bucket, including some that were deleted a moment ago. */
  async subjects(owner?: string): Promise<string[]> {
    const { jsm, topology } = this.#broker;
    const { state } = await jsm.streams.info(topology.scheduleBucketStream, {
      subjects_filter: topology.scheduleSubjects(owner),
    });
    return Object.keys(state.subjects ?? {});
  }

  /** Reads a schedule by its subject in the bucket. */
  async readSubject(subject: string): Promise<ScheduleRecord | undefined> {
    const { jsm, topology } = this.#broker;
    return toStored(await jsm.streams.getMessage(topology.scheduleBucketStream, { last_by_subj: subject }))
      .schedule;
  }

  async #publish(
    subject: string,
    data: Uint8Array,
    options: Parameters<Broker['js']['publish']>[2],
  ): Promise<number | undefined> {
    try {
      return (await this.#broker.js.publish(subject, data, options)).seq;
    } catch (error) {
      if (isWrongLastSequence(error)) return undefined;
      throw error;
    }
  }
}

function toStored(message: StoredMsg | null): StoredSchedule {
  if (!message) return { schedule: undefined, revision: 0 };
  // A deleted key has a marker without a value.
  if (message.data.length === 0) return { schedule: undefined, revision: message.seq };
  return { schedule: decode(scheduleSchema, message.subject, message.data), revision: message.seq };
}
