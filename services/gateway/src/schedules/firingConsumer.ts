import { type Broker, decode, ensureConsumer, isUnavailable } from '@longhaul/broker';
import { type Fire, fireSchema, GatewayError } from '@longhaul/proto/wire';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Logger } from 'pino';
import type { FiringEnd } from './handleFiring.ts';

/** How many firings one gateway takes at a time; the rest goes to others, or waits. */
const atOnce = 64;
/** A firing that could not be dealt with, or that others may know better, comes again after this long. */
const againMs = 1_000;
/** So many deliveries give every gateway of a deployment that is being rolled out its turn. */
const handBacks = 10;

/**
 * Takes the firings of recurring schedules. One durable consumer serves all gateways: each firing goes to one of them,
 * and to another when that one does not acknowledge it in time.
 */
export class FiringConsumer {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #handle: (fire: Fire, mayRelease: boolean) => Promise<FiringEnd>;
  /** The end of the line of each schedule's firings here: in order, and no two that compete for one record. */
  readonly #lines = new Map<string, Promise<void>>();
  #messages: ConsumerMessages | undefined;
  #stopped = false;

  constructor(
    broker: Broker,
    logger: Logger,
    handle: (fire: Fire, mayRelease: boolean) => Promise<FiringEnd>,
  ) {
    this.#broker = broker;
    this.#logger = logger;
    this.#handle = handle;
  }

  /** Also begins anew, when the stream or the consumer was made anew. */
  async start(): Promise<void> {
    await this.#messages?.close();
    if (this.#stopped) return;
    const { topology, js } = this.#broker;
    const plan = topology.consumers.schedules;
    await ensureConsumer(this.#broker, topology.requestStream, plan);
    const consumer = await js.consumers.get(topology.requestStream, plan.durable_name);
    this.#messages = await consumer.consume({
      max_messages: atOnce,
      callback: message => this.#enqueue(message),
    });
  }

  /** Finishes what is under way, and leaves the rest to other gateways. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#messages?.close();
    await Promise.all(this.#lines.values());
  }

  #enqueue(message: JsMsg): void {
    const { subject } = message;
    const line = (this.#lines.get(subject) ?? Promise.resolve())
      .then(() => this.#take(message))
      .finally(() => {
        if (this.#lines.get(subject) === line) this.#lines.delete(subject);
      });
    this.#lines.set(subject, line);
  }

  async #take(message: JsMsg): Promise<void> {
    if (this.#stopped) {
      message.nak();
      return;
    }
    const fire = this.#read(message);
    if (!fire) {
      message.term('not a firing of this protocol');
      return;
    }
    try {
      const end = await this.#handle(fire, message.info.deliveryCount <= handBacks);
      if (end === 'done') message.ack();
      else message.nak(againMs);
    } catch (err) {
      if (!isUnavailable(err) && !(err instanceof GatewayError && err.code === 'NATS_UNAVAILABLE'))
        this.#logger.error({ err, scheduleId: fire.id, at: fire.at }, 'a firing failed; it comes again');
      message.nak(againMs);
    }
  }

  #read(message: JsMsg): Fire | undefined {
    try {
      return decode(fireSchema, message.subject, message.data);
    } catch (err) {
      this.#logger.warn(
        { err, subject: message.subject },
        'a firing that does not fit the protocol is passed over',
      );
      return undefined;
    }
  }
}
