import type { Broker } from './broker.ts';
import { isStorageFull } from './brokerErrors.ts';
import { StuckStreams } from './stuckStreams.ts';

type Log = {
  readonly error: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
};

/** How often the request stream's own limit is looked at, and whether there is room again. */
const lookEveryMs = 1_000;
/** Of a limit of the request stream: beyond that, nothing more is accepted. */
const fullFrom = 0.9;
/** What a probe leaves in the queue goes by itself. */
const probeTtl = '1s';

/**
 * Knows whether NATS has room. That it has none is learned from what it refuses; that it has some again, from a probe.
 *
 * Of the request stream a limit is watched as well: it must discard old messages (schedules need that), so a full one
 * would discard accepted tasks without a word. And a disk that is really full is seen by what is not answered.
 */
export class StorageWatch {
  readonly #broker: Broker;
  readonly #logger: Log;
  readonly #onRoom: () => void;
  readonly #stuck: StuckStreams;
  #unlisten: () => void = () => {};
  /** Why there is no room. */
  #refused: string | undefined;
  #queueFull: string | undefined;
  #isSaid = false;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  /** @param onRoom called when NATS has room again */
  constructor(broker: Broker, logger: Log, onRoom: () => void = () => {}) {
    this.#broker = broker;
    this.#logger = logger;
    this.#onRoom = onRoom;
    this.#stuck = new StuckStreams(broker);
  }

  /** Why NATS cannot store anything more, or `undefined`. */
  get fault(): string | undefined {
    return this.#queueFull ?? this.#stuck.fault ?? this.#refused;
  }

  /** Why no task may be accepted: the server would take it and lose another one, or would say nothing. */
  get queueFault(): string | undefined {
    if (this.#queueFull !== undefined) return this.#queueFull;
    return this.#stuck.isStuck(this.#broker.topology.requestStream) ? this.#stuck.fault : undefined;
  }

  /** Begins to watch: refused publishes at once, and the limits of the streams again and again. */
  start(): void {
    this.#broker.acked.onFailure((error, subject) => {
      if (isStorageFull(error)) this.#wasRefused(error, subject);
    });
    this.#unlisten = this.#stuck.start();
    let isLooking = false;
    this.#timer = setInterval(() => {
      if (isLooking) return;
      isLooking = true;
      this.#looking = this.#look().finally(() => {
        isLooking = false;
      });
    }, lookEveryMs).unref();
  }

  /** Ends it. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unlisten();
    await this.#looking;
  }

  #wasRefused(error: Error, subject: string): void {
    this.#refused = `NATS has no room left (${error.message}). Raise max_file_store of nats-server or the limit of the stream, or free its disk.`;
    this.#say({ subject });
  }

  async #look(): Promise<void> {
    const { jsm, topology } = this.#broker;
    try {
      const { config, state } = await jsm.streams.info(topology.requestStream);
      const { max_bytes: maxBytes, max_msgs: maxMessages } = config;
      const isFull =
        (maxBytes > 0 && state.bytes >= fullFrom * maxBytes) ||
        (maxMessages > 0 && state.messages >= fullFrom * maxMessages);
      this.#queueFull = isFull
        ? `The request stream ${topology.requestStream} is full to ${100 * fullFrom} % of its limit, beyond which it would discard accepted tasks. Raise or take away its max_bytes and max_msgs.`
        : undefined;
      await this.#stuck.look();
      if (this.#refused !== undefined) await this.#probe();
    } catch {
      // NATS is away, or still refuses: what is known stays.
    }
    this.#say({});
  }

  async #probe(): Promise<void> {
    const { acked, jsm, topology } = this.#broker;
    const streams = [
      topology.eventStream,
      topology.bucketStream,
      topology.scheduleBucketStream,
      topology.limitBucketStream,
      topology.payloadStream,
    ];
    // A bucket refuses what is over its limit; the event stream discards what is oldest.
    const infos = await Promise.all(streams.map(stream => jsm.streams.info(stream)));
    const isOver = infos.some(
      ({ config, state }) =>
        config.discard === 'new' && config.max_bytes > 0 && state.bytes >= 0.99 * config.max_bytes,
    );
    await acked.publish(topology.subjects.placeholder, new Uint8Array(), { ttl: probeTtl });
    if (!isOver) this.#refused = undefined;
  }

  /** Says once that there is no room, and once that there is some again. */
  #say(fields: object): void {
    const { fault } = this;
    if ((fault !== undefined) === this.#isSaid) return;
    this.#isSaid = fault !== undefined;
    if (fault === undefined) {
      this.#logger.info({}, 'NATS has room again');
      this.#onRoom();
    } else this.#logger.error({ ...fields, code: 'STORAGE_FULL' }, fault);
  }
}
