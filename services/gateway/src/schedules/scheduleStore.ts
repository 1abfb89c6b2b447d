import { type Broker, RevisionedBucket, readBatch } from '@longhaul/broker';
import { type ScheduleRecord, scheduleSchema } from '@longhaul/proto/wire';

/** A schedule in the bucket. `revision`: the last sequence of its key, 0 when the key was never written. */
export type StoredSchedule = { readonly schedule: ScheduleRecord | undefined; readonly revision: number };

/** How many records, and how many bytes of them, one read requests. */
const batchSize = 200;
const readBytes = 4 * 1024 * 1024;

/** Reads and writes recurring schedules in their bucket. */
export class ScheduleStore {
  readonly #broker: Broker;
  readonly #bucket: RevisionedBucket<typeof scheduleSchema>;

  constructor(broker: Broker) {
    this.#broker = broker;
    const { scheduleBucketStream: stream } = broker.topology;
    this.#bucket = new RevisionedBucket(broker, { stream, schema: scheduleSchema });
  }

  /** Reads a schedule from the leader. */
  async read(owner: string, id: string): Promise<StoredSchedule> {
    const { value, revision } = await this.#bucket.read(this.#subjectOf(owner, id));
    return { schedule: value, revision };
  }

  /**
   * Writes a schedule if its key still has the expected revision.
   * @returns the new revision, or `undefined` when the key was written in the meantime
   */
  put(schedule: ScheduleRecord, expectedRevision: number): Promise<number | undefined> {
    const { owner, id } = schedule;
    return this.#bucket.put(this.#subjectOf(owner, id), schedule, expectedRevision);
  }

  /** Removes a schedule if its key still has the expected revision. @returns whether it was removed */
  remove(owner: string, id: string, expectedRevision: number): Promise<boolean> {
    return this.#bucket.remove(this.#subjectOf(owner, id), expectedRevision);
  }

  /** Changes a schedule, and repeats the change after concurrent writes. `undefined`: the schedule does not exist. */
  update(
    owner: string,
    id: string,
    change: (schedule: ScheduleRecord) => ScheduleRecord,
  ): Promise<ScheduleRecord | undefined> {
    return this.#bucket.update(this.#subjectOf(owner, id), change);
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
        const { value } = this.#bucket.entryOf(message);
        if (value) found.set(message.subject, value);
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
    return (await this.#bucket.read(subject)).value;
  }

  #subjectOf(owner: string, id: string): string {
    return this.#broker.topology.scheduleSubject(owner, id);
  }
}
