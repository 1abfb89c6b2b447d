import type { StoredMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import type { z } from 'zod';
import type { Broker } from './broker.ts';
import { isWrongLastSequence } from './brokerErrors.ts';
import { BadMessageError, decode, encode } from './codec.ts';

/** A key as it was read. */
export type Revisioned<V> = {
  /** Its value; `undefined`: it was never written, or is removed or expired. */
  readonly value: V | undefined;
  /** What a write of it expects: the last sequence of the key, 0 where it was never written. */
  readonly revision: number;
  /** There is a value, and it does not fit: `value` is `undefined`. Only where such values are passed over. */
  readonly unfit?: BadMessageError;
};

/** How long the marker of a removed key is kept, for watchers of the bucket. */
const markerTtl = '60s';

/** Options of a {@link RevisionedBucket}. */
export type RevisionedBucketOptions<S extends z.ZodType> = {
  /** The stream of the bucket. */
  readonly stream: string;
  /** What its values are. */
  readonly schema: S;
  /**
   * Whether a value that does not fit is read as none, with its revision: right where it can be made again. Default: it
   * throws.
   */
  readonly passesOverUnfit?: boolean;
  /** Writes a value. Default: as JSON. */
  readonly encode?: (value: z.output<S>) => Uint8Array;
};

/** How long the number of a bucket's replicas is not asked for again. */
const replicasKnownMs = 15_000;

/**
 * The values of a KV bucket (NATS ADR-8), by the subjects of their keys. The client's own `put` and `update` cannot expire
 * a key and expect its revision in one write, which is what every store here rests on: of two writers of one revision,
 * JetStream lets one through. The other one gets a value, `undefined`, and no error: it reads and decides again.
 */
export class RevisionedBucket<S extends z.ZodType> {
  readonly #broker: Broker;
  readonly #options: RevisionedBucketOptions<S>;
  #replicated: { readonly isReplicated: Promise<boolean>; readonly staleMs: number } | undefined;

  constructor(broker: Broker, options: RevisionedBucketOptions<S>) {
    this.#broker = broker;
    this.#options = options;
  }

  /** Reads a key from the stream's leader, which cannot lag. @throws BadMessageError for a value that does not fit */
  async read(subject: string): Promise<Revisioned<z.output<S>>> {
    const { stream } = this.#options;
    return this.entryOf(await this.#broker.jsm.streams.getMessage(stream, { last_by_subj: subject }));
  }

  /** Reads a key from any replica, and from the leader where that replica does not have it yet. */
  async readNearest(subject: string): Promise<Revisioned<z.output<S>>> {
    const { stream } = this.#options;
    const nearest = await this.#broker.jsm.direct.getMessage(stream, { last_by_subj: subject });
    return nearest || !(await this.#isReplicated()) ? this.entryOf(nearest) : this.read(subject);
  }

  /**
   * Writes a key if it still has the expected revision; 0: if it was never written.
   *
   * @param ttl how long the value is kept, as NATS writes it: `60s`. Default: until it is removed
   * @returns the new revision, or `undefined` when the key was written in the meantime
   */
  put(subject: string, value: z.output<S>, expected: number, ttl?: string): Promise<number | undefined> {
    const { encode: encodeValue = encode } = this.#options;
    return this.#publish(subject, encodeValue(value), expected, ttl === undefined ? {} : { ttl });
  }

  /** Removes a key if it still has the expected revision. @returns whether it was removed */
  async remove(subject: string, expected: number): Promise<boolean> {
    const purge = headers();
    purge.set('KV-Operation', 'PURGE');
    purge.set('Nats-Rollup', 'sub');
    const marker = { headers: purge, ttl: markerTtl };
    return (await this.#publish(subject, new Uint8Array(), expected, marker)) !== undefined;
  }

  /**
   * Changes a value, and repeats the change after a write of another process.
   *
   * @param change makes the new value; the same one where there is nothing to write
   * @returns the value as it is then; `undefined`: there is none
   */
  async update(
    subject: string,
    change: (value: z.output<S>) => z.output<S>,
  ): Promise<z.output<S> | undefined> {
    for (;;) {
      const { value, revision } = await this.read(subject);
      if (value === undefined) return undefined;
      const changed = change(value);
      if (changed === value || (await this.put(subject, changed, revision)) !== undefined) return changed;
    }
  }

  /** What a message of the bucket's stream says of its key. A removed or expired key has a marker without a value. */
  entryOf(message: StoredMsg | null): Revisioned<z.output<S>> {
    if (!message) return { value: undefined, revision: 0 };
    const { subject, data, seq: revision } = message;
    if (data.length === 0) return { value: undefined, revision };
    try {
      return { value: decode(this.#options.schema, subject, data), revision };
    } catch (error) {
      if (!this.#options.passesOverUnfit || !(error instanceof BadMessageError)) throw error;
      return { value: undefined, revision, unfit: error };
    }
  }

  async #publish(
    subject: string,
    data: Uint8Array,
    expected: number,
    options: Pick<Parameters<Broker['acked']['publish']>[2] & object, 'headers' | 'ttl'>,
  ): Promise<number | undefined> {
    try {
      const expect = { lastSubjectSequence: expected };
      return (await this.#broker.acked.publish(subject, data, { ...options, expect })).seq;
    } catch (error) {
      if (isWrongLastSequence(error)) return undefined;
      throw error;
    }
  }

  /**
   * Whether the bucket has several replicas. With one, a direct get reads from the leader. A gateway or an operator can
   * raise it while this process runs, so it is asked again now and then.
   */
  #isReplicated(): Promise<boolean> {
    if (this.#replicated && performance.now() < this.#replicated.staleMs)
      return this.#replicated.isReplicated;
    const isReplicated = this.#broker.jsm.streams
      .info(this.#options.stream)
      .then(({ config }) => config.num_replicas > 1)
      .catch((error: unknown) => {
        this.#replicated = undefined;
        throw error;
      });
    this.#replicated = { isReplicated, staleMs: performance.now() + replicasKnownMs };
    return isReplicated;
  }
}
