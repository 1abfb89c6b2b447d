import type { DirectBatchStartSeq, StoredMsg } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import type { Broker } from './broker.ts';
import { isNotFoundStatus } from './brokerErrors.ts';

/** Messages in stream order, and whether they are all that there were. */
export type DirectBatch = {
  /** The messages, in stream order. */
  readonly messages: readonly StoredMsg[];
  /** Whether there are no more. */
  readonly isLast: boolean;
};

/** How many messages one read asks for: a task's usual event log in one round trip, without large bursts. */
const batchSize = 256;
/** And how many bytes: events can have 256 KiB each, and a slow reader keeps a batch for as long. */
const batchBytes = 1024 * 1024;
/** A batch comes in one go. After such a silence the connection was lost on the way, and the rest will never come. */
const silenceMs = 1_000;
/**
 * How many batches one service reads at once. A replay costs the server whatever lies between a task's events, and behind
 * many of them heartbeats wait: after an outage thousands of watchers come back together.
 */
const batchesAtOnce = 16;
const limits = new WeakMap<Broker['jsm'], ReadLimit>();
/** So many silences in a row, without a message, are NATS not answering. */
const tries = 5;

/**
 * Reads the messages of a subject in stream order from a sequence on, in batches, until there are no more. A batch
 * that breaks off is asked for again, from behind the last message that came.
 *
 * @param subject may have wildcards
 * @throws TimeoutError when NATS does not answer
 */
export async function* readStream(
  broker: Broker,
  stream: string,
  subject: string,
  fromSeq: number,
): AsyncGenerator<StoredMsg, void, void> {
  let seq = Math.max(1, fromSeq);
  for (;;) {
    const { messages, isLast } = await readBatch(broker, stream, {
      seq,
      batch: batchSize,
      max_bytes: batchBytes,
      next_by_subj: subject,
    });
    yield* messages;
    if (isLast) return;
    seq = (messages.at(-1)?.seq ?? seq - 1) + 1;
  }
}

/**
 * Reads one batch by direct get (NATS ADR-31).
 *
 * @throws TimeoutError when NATS does not answer
 */
export function readBatch(broker: Broker, stream: string, query: DirectBatchStartSeq): Promise<DirectBatch> {
  const limit = limits.get(broker.jsm) ?? new ReadLimit(batchesAtOnce);
  limits.set(broker.jsm, limit);
  return limit.run(() => readInTurn(broker, stream, query));
}

async function readInTurn(broker: Broker, stream: string, query: DirectBatchStartSeq): Promise<DirectBatch> {
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const { messages, brokeOff } = await receiveBatch(broker, stream, query);
    if (brokeOff && messages.length === 0) continue;
    const pending = messages.at(-1)?.pending ?? 0;
    // The server also ends a batch where it has become too many bytes, and says how many messages are left.
    return { messages, isLast: !brokeOff && pending <= 0 && messages.length < (query.batch ?? batchSize) };
  }
  throw new errors.TimeoutError();
}

/**
 * The client's own iterator over a batch waits for ever when the connection is lost in the middle, since a reconnect
 * does not bring what the server had begun to send; and it leaves its subscription behind. So this reads by callback.
 */
async function receiveBatch(
  { jsm }: Broker,
  stream: string,
  query: DirectBatchStartSeq,
): Promise<{ readonly messages: readonly StoredMsg[]; readonly brokeOff: boolean }> {
  const messages: StoredMsg[] = [];
  const end = Promise.withResolvers<{ brokeOff: boolean }>();
  const fallSilent = () => end.resolve({ brokeOff: true });
  let silence = setTimeout(fallSilent, silenceMs);
  const batch = await jsm.direct.getBatch(stream, {
    ...query,
    callback: (done, message) => {
      if (!done) {
        messages.push(message);
        clearTimeout(silence);
        silence = setTimeout(fallSilent, silenceMs);
        return;
      }
      // A batch of nothing at all is answered as "not found".
      if (!done.err || isNotFoundStatus(done.err)) end.resolve({ brokeOff: false });
      else end.reject(done.err);
    },
  });
  try {
    return { messages, ...(await end.promise) };
  } finally {
    clearTimeout(silence);
    batch.stop();
  }
}

/** Lets so many run at once; the others wait for their turn, in their order. */
export class ReadLimit {
  readonly #most: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  async run<T>(read: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#most) await new Promise<void>(resolve => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await read();
    } finally {
      // Its turn passes to the next waiter, so that no later caller overtakes.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
