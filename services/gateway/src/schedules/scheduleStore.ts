import { type Broker, decode, encode, isWrongLastSequence, readBatch } from '@longhaul/broker';
import { type ScheduleRecord, scheduleSchema } from '@longhaul/proto/wire';
import type { StoredMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';

/** A schedule as the bucket holds it. `revision`: the key's last sequence, 0 when there never was one. */
export type StoredSchedule = { readonly schedule: ScheduleRecord | undefined; readonly revision: number };

/** A deleted key leaves a marker behind for watchers of the bucket; it goes by itself. */
const markerTtl = '60s';
/** How many records one read asks for, and how many bytes of them. */
const batchSize = 200;
const readBytes = 4 * 1024 * 1024;

/** The schedules in their KV bucket, through the bucket's own subjects (NATS ADR-8): so a write can expect. */
export class ScheduleStore {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Reads a schedule as the leader has it. */
  async read(owner: string, id: string): Promise<StoredSchedule> {
    const { jsm, topology } = this.#broker;
    const query = { last_by_subj: topology.scheduleSubject(owner, id) };
    return toStored(await jsm.streams.getMessage(topology.scheduleBucketStream, query));
  }

  /**
   * Writes a schedule where the key still has the expected revision.
   * @returns the new revision, or `undefined` when somebody else has written meanwhile
   */
  async put(schedule: ScheduleRecord, expectedRevision: number): Promise<number | undefined> {
    const subject = this.#broker.topology.scheduleSubject(schedule.owner, schedule.id);
    return this.#publish(subject, encode(schedule), { expect: { lastSubjectSequence: expectedRevision } });
  }

  /** Removes a schedule where the key still has the expected revision; tells whether it did. */
  async remove(owner: string, id: string, expectedRevision: number): Promise<boolean> {
    const purge = headers();
    purge.set('KV-Operation', 'PURGE');
    purge.set('Nats-Rollup', 'sub');
    const subject = this.#broker.topology.scheduleSubject(owner, id);
    const options = { headers: purge, ttl: markerTtl, expect: { lastSubjectSequence: expectedRevision } };
    return (await this.#publish(subject, new Uint8Array(), options)) !== undefined;
  }

  /** Changes a schedule, however many others change it meanwhile. `undefined`: there is none. */
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
   * Reads the schedules of an owner, or of everybody, up to `limit` of them. Those that fire meanwhile move to the end
   * of the bucket's stream, so the end is where there is nothing new any more.
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

  /** The subjects in the bucket below a filter: those of schedules, and of some that were deleted a moment ago. */
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
  // A deleted key leaves a marker without a value.
  if (message.data.length === 0) return { schedule: undefined, revision: message.seq };
  return { schedule: decode(scheduleSchema, message.subject, message.data), revision: message.seq };
}
