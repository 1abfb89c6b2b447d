import { type Permits, permitsSchema, type Rate, rateSchema } from '@longhaul/proto/wire';
import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import type { Broker } from './broker.ts';
import { RevisionedBucket } from './revisionedBucket.ts';

/**
 * A record that is not written for so long expires: longer than events are kept, and so than any task can matter. An
 * empty one goes soon, so that the bucket does not grow with the keys that ever were.
 */
const keptTtl = `${31 * 24 * 60 * 60}s`;
const emptyTtl = '60s';

/** What a change makes of a record: the same object when there is nothing to write. */
type Change<R, A> = (record: R) => { readonly record: R; readonly answer: A };
type Known<R> = { readonly record: R; readonly revision: number };
type Waiting<R> = {
  readonly apply: (record: R) => R;
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
};

/** One kind of record in the bucket of limits. */
type Kind<R> = { readonly schema: z.ZodType<R>; readonly isEmpty: (record: R) => boolean };

const permits: Kind<Permits> = {
  schema: permitsSchema,
  isEmpty: ({ holders, waiting }) => holders.length === 0 && waiting.length === 0,
};
const rate: Kind<Rate> = { schema: rateSchema, isEmpty: ({ begun }) => begun.length === 0 };

/**
 * The records of limits across executors, changed by compare and set: a change is applied to the record as it is
 * known, and written only if the key still has that revision; else it is read and applied again. So of two that
 * want the last permit, one is let through (invariant 7, limits-hold).
 *
 * Changes of one process to one record are gathered into one write, and what a write left is known for the next:
 * alone on a limit, taking a permit is one round trip.
 */
export class LimitStore {
  readonly #permits: Cells<Permits>;
  readonly #rates: Cells<Rate>;

  constructor(broker: Broker) {
    this.#permits = new Cells(broker, permits);
    this.#rates = new Cells(broker, rate);
  }

  /** Changes who has the permits under a key of the bucket; `empty` stands for no record. */
  changePermits<A>(key: string, empty: Permits, change: Change<Permits, A>): Promise<A> {
    return this.#permits.change(key, empty, change);
  }

  /** Changes when the latest attempts of a name began. */
  changeRate<A>(key: string, empty: Rate, change: Change<Rate, A>): Promise<A> {
    return this.#rates.change(key, empty, change);
  }
}

/** How many records one process keeps in mind. */
const rememberedMost = 1_000;

class Cells<R> {
  readonly #broker: Broker;
  readonly #bucket: RevisionedBucket<z.ZodType<R>>;
  readonly #kind: Kind<R>;
  readonly #cells = new Map<string, Waiting<R>[]>();
  /** What the last write left. What has expired since is found out by the next write, which is refused then. */
  readonly #known = new LRUCache<string, Known<R>>({ max: rememberedMost });

  constructor(broker: Broker, kind: Kind<R>) {
    this.#broker = broker;
    this.#bucket = new RevisionedBucket(broker, {
      stream: broker.topology.limitBucketStream,
      schema: kind.schema,
    });
    this.#kind = kind;
  }

  change<A>(key: string, empty: R, change: Change<R, A>): Promise<A> {
    return new Promise((resolve, reject) => {
      let answer: A;
      const waiting: Waiting<R> = {
        apply: record => {
          const changed = change(record);
          answer = changed.answer;
          return changed.record;
        },
        settle: () => resolve(answer),
        fail: reject,
      };
      const cell = this.#cells.get(key);
      if (cell) {
        cell.push(waiting);
        return;
      }
      this.#cells.set(key, [waiting]);
      void this.#work(key, empty);
    });
  }

  /** Works off what waits for one record, all that has gathered at a time. */
  async #work(key: string, empty: R): Promise<void> {
    for (;;) {
      const batch = this.#cells.get(key)?.splice(0) ?? [];
      if (batch.length === 0) {
        this.#cells.delete(key);
        return;
      }
      try {
        await this.#apply(key, empty, batch);
        for (const { settle } of batch) settle();
      } catch (error) {
        this.#known.delete(key);
        for (const { fail } of batch) fail(error);
      }
    }
  }

  async #apply(key: string, empty: R, batch: readonly Waiting<R>[]): Promise<void> {
    let known = this.#known.get(key);
    for (;;) {
      const isRead = known === undefined;
      const subject = this.#broker.topology.limitSubject(key);
      if (known === undefined) {
        const { value, revision } = await this.#bucket.read(subject);
        known = { record: value ?? empty, revision };
      }
      const before = known.record;
      const after = batch.reduce((record, { apply }) => apply(record), before);
      // Nothing to write. What is only remembered may be out of date, so the answer must not rest on it.
      if (after === before && isRead) return void this.#known.set(key, known);
      const ttl = this.#kind.isEmpty(after) ? emptyTtl : keptTtl;
      const revision =
        after === before ? undefined : await this.#bucket.put(subject, after, known.revision, ttl);
      if (revision !== undefined) return void this.#known.set(key, { record: after, revision });
      known = undefined;
    }
  }
}
