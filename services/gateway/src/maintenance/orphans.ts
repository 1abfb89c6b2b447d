import { type Broker, decode, isUnavailable, readStream } from '@longhaul/broker';
import { recordOfRequest, requestSchema, taskIdSchema } from '@longhaul/proto/wire';
import type { StoredMsg } from '@nats-io/jetstream';
import type { Logger } from 'pino';
import type { RecordIndex } from '../records/recordIndex.ts';
import type { PendingRecords } from '../tasks/start/pendingRecords.ts';

/** How often new requests are looked through. */
const lookEveryMs = 15_000;
/** A request this young is left to the gateway that accepted it, which writes its record in a moment. */
const youngMs = 3_000;

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

  /** The queue was made anew: its sequences begin anew, too. */
  restart(): void {
    this.#lookedUpTo = 0;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Looks through the requests that have come since the last look, as far as they are old enough. */
  async look(nowMs: number): Promise<void> {
    const broker = this.#broker;
    const { topology } = broker;
    try {
      const from = this.#lookedUpTo + 1;
      for await (const message of readStream(
        broker,
        topology.requestStream,
        `${topology.namespace}.>`,
        from,
      )) {
        if (nowMs - message.time.getTime() < youngMs) return;
        this.#adopt(message);
        this.#lookedUpTo = message.seq;
      }
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
}
