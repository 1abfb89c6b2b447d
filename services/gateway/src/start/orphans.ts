import { type Broker, decode, isNotFoundStatus, isUnavailable } from '@longhaul/broker';
import { recordOfRequest, requestSchema, taskIdSchema } from '@longhaul/proto';
import type { StoredMsg } from '@nats-io/jetstream';
import type { Logger } from 'pino';
import type { RecordIndex } from '../project/recordIndex.ts';
import type { PendingRecords } from './pendingRecords.ts';

/** How often new requests are looked through. */
const lookEveryMs = 15_000;
/** A request this young is left to the gateway that accepted it, which writes its record in a moment. */
const youngMs = 3_000;
/** How many requests one read asks for. */
const readBatch = 256;

/**
 * Finds tasks whose gateway died between accepting them and writing their PENDING record. They run all the same, and
 * a read of their id finds the request; but until they begin no list would show them, and nobody would keep their
 * time limits. Each request is read once, while it is still on the queue.
 */
export class Orphans {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #index: RecordIndex;
  readonly #pending: PendingRecords;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #lookedUpTo = 0;

  constructor(broker: Broker, logger: Logger, index: RecordIndex, pending: PendingRecords) {
    this.#broker = broker;
    this.#logger = logger;
    this.#index = index;
    this.#pending = pending;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.look(Date.now()));
    }, lookEveryMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Looks through the requests that have come since the last look, as far as they are old enough. */
  async look(nowMs: number): Promise<void> {
    try {
      let messages: StoredMsg[];
      do {
        messages = await this.#read(this.#lookedUpTo + 1);
        for (const message of messages) {
          if (nowMs - message.time.getTime() < youngMs) return;
          this.#adopt(message);
          this.#lookedUpTo = message.seq;
        }
      } while (messages.length === readBatch);
    } catch (err) {
      if (!isUnavailable(err))
        this.#logger.error({ err }, 'the queue could not be looked through; trying again');
    }
  }

  #adopt(message: StoredMsg): void {
    const tokens = message.subject.split('.');
    const at = tokens.findIndex(token => taskIdSchema.safeParse(token).success);
    const id = tokens[at];
    if (id === undefined || this.#index.get(id)) return;
    const name = tokens.slice(at + 1).join('.');
    try {
      this.#pending.add(recordOfRequest(id, name, decode(requestSchema, message.subject, message.data)));
      this.#logger.info({ taskId: id, task: name }, 'a task whose gateway died has got its record');
    } catch (err) {
      this.#logger.warn(
        { err, subject: message.subject },
        'a request that does not fit the protocol is not listed',
      );
    }
  }

  async #read(fromSeq: number): Promise<StoredMsg[]> {
    const { jsm, topology } = this.#broker;
    try {
      const query = { seq: fromSeq, batch: readBatch, next_by_subj: `${topology.namespace}.>` };
      return await Array.fromAsync(await jsm.direct.getBatch(topology.requestStream, query));
    } catch (error) {
      // A batch of nothing at all is answered as an error.
      if (isNotFoundStatus(error)) return [];
      throw error;
    }
  }
}
