import { type Broker, decode, ensureConsumer } from '@longhaul/broker';
import { type Fire, fireSchema } from '@longhaul/proto/wire';
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Logger } from 'pino';
import { isOutage } from '../errors.ts';
import type { FiringEnd } from './handleFiring.ts';

/** How many firings one gateway handles at a time; others go to other gateways or wait. */
const maxFirings = 64;
/** The delay before a failed or released firing is delivered again. */
const redeliverAfterMs = 1_000;
/** How often a firing is released, so that during a rollout each gateway can receive it. */
const maxReleases = 10;

/**
 * Receives the firings of recurring schedules. All gateways share one durable consumer: each firing is delivered to one
 * of them, and to another one if it is not acknowledged in time.
 */
export class FiringConsumer {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #handle: (fire: Fire, mayRelease: boolean) => Promise<FiringEnd>;
  /** The last pending firing of each schedule: its firings are handled in order, so that none compete for its record. */
  readonly #pending = new Map<string, Promise<void>>();
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

  /** Starts to receive firings; also again after the stream or the consumer was created again. */
  async start(): Promise<void> {
    await this.#messages?.close();
    if (this.#stopped) return;
    const { topology, js } = this.#broker;
    const plan = topology.consumers.schedules;
    await ensureConsumer(this.#broker, topology.requestStream, plan);
    const consumer = await js.consumers.get(topology.requestStream, plan.durable_name);
    this.#messages = await consumer.consume({
      max_messages: maxFirings,
      callback: message => this.#enqueue(message),
    });
  }

  /** Finishes the firings under way, and leaves the rest to other gateways. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#messages?.close();
    await Promise.all(this.#pending.values());
  }

  #enqueue(message: JsMsg): void {
    const { subject } = message;
    const pending = (this.#pending.get(subject) ?? Promise.resolve())
      .then(() => this.#process(message))
      .finally(() => {
        if (this.#pending.get(subject) === pending) this.#pending.delete(subject);
      });
    this.#pending.set(subject, pending);
  }

  async #process(message: JsMsg): Promise<void> {
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
      const end = await this.#handle(fire, message.info.deliveryCount <= maxReleases);
      if (end === 'done') message.ack();
      else message.nak(redeliverAfterMs);
    } catch (err) {
      if (!isOutage(err))
        this.#logger.error(
          { err, scheduleId: fire.id, at: fire.at },
          'a firing could not be handled; it will be delivered again',
        );
      message.nak(redeliverAfterMs);
    }
  }

  #read(message: JsMsg): Fire | undefined {
    try {
      return decode(fireSchema, message.subject, message.data);
    } catch (err) {
      this.#logger.warn({ err, subject: message.subject }, 'a malformed firing was skipped');
      return undefined;
    }
  }
}
