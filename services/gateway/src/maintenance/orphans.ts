import { type Broker, decode, isUnavailable, readStream } from '@longhaul/broker';
import { recordOfRequest, requestSchema, taskIdSchema } from '@longhaul/proto/wire';
import type { StoredMsg } from '@nats-io/jetstream';
import type { Logger } from 'pino';
import type { RecordIndex } from '../records/recordIndex.ts';
import type { PendingRecords } from '../tasks/start/pendingRecords.ts';

/** How often new requests are scanned. */
const scanEveryMs = 15_000;
/** Younger requests are left to the gateway that accepted them, which writes their records in a moment. */
const minAgeMs = 3_000;

/**
 * Finds tasks whose gateway died between accepting them and writing their PENDING record. They still run, and a read of
 * their id finds the request. But until they start, no list would show them and no gateway would enforce their time
 * limits. Each request is read once, while it is in the queue.
 */
export class Orphans {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #index: RecordIndex;
  readonly #pending: PendingRecords;
  #timer: NodeJS.Timeout | undefined;
  #scanning: Promise<void> = Promise.resolve();
  #scannedUpTo = 0;

  constructor(broker: Broker, logger: Logger, index: RecordIndex, pending: PendingRecords) {
    this.#broker = broker;
    this.#logger = logger;
    this.#index = index;
    this.#pending = pending;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#scanning = this.#scanning.then(() => this.scan(this.#broker.clock.nowMs()));
    }, scanEveryMs);
    this.#timer.unref();
  }

  /** The queue was created again, so its sequences start again. */
  restart(): void {
    this.#scannedUpTo = 0;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#scanning;
  }

  /** Scans the requests that arrived since the last scan and are old enough. */
  async scan(nowMs: number): Promise<void> {
    const broker = this.#broker;
    const { topology } = broker;
    try {
      const from = this.#scannedUpTo + 1;
      for await (const message of readStream(
        broker,
        topology.requestStream,
        `${topology.namespace}.>`,
        from,
      )) {
        if (nowMs - message.time.getTime() < minAgeMs) return;
        this.#adopt(message);
        this.#scannedUpTo = message.seq;
      }
    } catch (err) {
      if (!isUnavailable(err)) this.#logger.error({ err }, 'the queue could not be scanned; trying again');
    }
  }

  #adopt(message: StoredMsg): void {
    const tokens = message.subject.split('.');
    const at = tokens.findIndex(token => taskIdSchema.safeParse(token).success);
    const id = tokens[at];
    if (id === undefined || this.#index.get(id)) return;
    const name = tokens.slice(at + 1).join('.');
    try {
      this.#pending.add(
        recordOfRequest(id, name, decode(requestSchema, message.subject, message.data)),
        message.data.length,
      );
      this.#logger.info({ taskId: id, task: name }, 'the record of a task was written whose gateway died');
    } catch (err) {
      this.#logger.warn({ err, subject: message.subject }, 'a malformed request in the queue is not listed');
    }
  }
}
