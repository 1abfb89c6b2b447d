import { type Broker, encode, ensureConsumer, type NeededConsumer } from '@longhaul/broker';
import { priorities } from '@longhaul/proto/wire';
import { type Msg, nanos, type Subscription } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import { mayHaveSlot, OwnerShares, ownerOfRequest } from './ownerShares.ts';
import { PullConsumer, pullExpiresMs } from './pullConsumer.ts';
import { type RequestMessage, readRequestMessage } from './requestMessage.ts';
import { type Slot, SlotPool } from './slotPool.ts';
import { planPulls } from './slots.ts';

/** What the taking of requests needs. */
export type RequestConsumerOptions = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly taskNames: readonly string[];
  /** How many requests are worked on at once. */
  readonly slots: number;
  /** Works on one request; its slot is free again when the promise settles, and meanwhile where it is lent. */
  readonly work: (message: RequestMessage, slot: Slot) => Promise<void>;
  /** The share of the slots that an owner may have with tasks of a name, while there are others. */
  readonly ownerShareOf: (name: string) => number;
  /** Whether requests of a name would only wait: none are asked for meanwhile. */
  readonly isHeldUp: (name: string) => boolean;
  /** Told of every pull that is refused: its consumer may be gone. */
  readonly onRefused: () => void;
};

/** After a refused pull (no leader, consumer being made) the next one waits this long; doubles up to the longest. */
const refusedDelayMs = 250;
const longestRefusedDelayMs = 4_000;
/** What arrives of a name that is held back (see `lendLimit`) is delivered again after this long. */
const heldBackDelayMs = 1_000;
/** Pulls that were lost, and messages that somebody else took, are noticed this late. */
const sweepMs = 250;
/** Between two sweeps so many requests are looked at and passed over, for their owner's share is used up. */
const passedOverPerSweep = 16;

/**
 * Takes requests off the work queue: one durable pull consumer per task name and priority, one subscription for all
 * of them, and never more requests than there are slots. What arrives beyond them is handed back at once.
 */
export class RequestConsumer {
  /** The durable consumers that it takes from. */
  readonly consumers: readonly NeededConsumer[];
  readonly #options: RequestConsumerOptions;
  readonly #consumers: PullConsumer[] = [];
  readonly #inbox: string;
  readonly #busy = new Set<Promise<void>>();
  readonly #pool: SlotPool;
  readonly #shares = new OwnerShares();
  #passedOver = 0;
  #subscription: Subscription | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #planned: NodeJS.Immediate | undefined;
  #taking = false;
  #lastPullId = 0;
  #turn = 0;
  /** How often the server refused, since it last answered as it should. */
  #refusals = 0;
  #refusedUntilMs = 0;

  constructor(options: RequestConsumerOptions) {
    this.#options = options;
    this.#inbox = options.broker.newInbox();
    this.#pool = new SlotPool(options.slots, () => this.#planSoon());
    const { requestStream, consumers } = options.broker.topology;
    const needed: NeededConsumer[] = [];
    for (const name of options.taskNames) {
      for (const priority of priorities) {
        const plan = consumers.requests(name, priority);
        needed.push({ stream: requestStream, plan });
        this.#consumers.push(new PullConsumer(plan.durable_name, priority, name));
      }
    }
    this.consumers = needed;
  }

  /** Makes the consumers where they are missing and begins to pull. Resolves when requests can arrive. */
  async start(): Promise<void> {
    const { broker } = this.#options;
    await Promise.all(this.consumers.map(({ stream, plan }) => ensureConsumer(broker, stream, plan)));
    this.#subscription = this.#options.broker.nc.subscribe(`${this.#inbox}.*.*`, {
      callback: (error, message) => {
        if (error) this.#options.logger.error({ err: error }, 'the subscription to requests failed');
        else this.#receive(message);
      },
    });
    this.#taking = true;
    this.#sweep = setInterval(() => {
      this.#passedOver = 0;
      this.#planSoon();
    }, sweepMs);
    this.#planSoon();
  }

  /** Takes nothing more. What is being worked on goes on. */
  stopTaking(): void {
    this.#taking = false;
    clearInterval(this.#sweep);
    if (this.#planned) clearImmediate(this.#planned);
    // The server drops pulls whose inbox nobody listens to. What is on its way is delivered again after `ack_wait`.
    this.#subscription?.unsubscribe();
  }

  /** Resolves when nothing is worked on any more. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy);
  }

  /**
   * Asks anew. After a reconnect the server has forgotten our pulls; and when a paused name is resumed, a pull that
   * waited through the pause is served only once another one arrives (nats-server 2.15.1).
   */
  pullAnew(): void {
    this.#refusals = 0;
    this.#refusedUntilMs = 0;
    for (const consumer of this.#consumers) consumer.reset();
    this.#planSoon();
  }

  /** Something may be asked for that was held up. */
  planAnew(): void {
    this.#planSoon();
  }

  #receive(message: Msg): void {
    const request = readRequestMessage(message);
    if (!request) {
      this.#pullEnded(message);
      return;
    }
    this.#refusals = 0;
    const consumer = this.#consumers.find(({ name }) => name === request.consumer);
    consumer?.delivered(request.waiting, Date.now());
    const owner = ownerOfRequest(request.data);
    if (this.#taking && consumer && owner !== undefined && this.#isOverShare(consumer.task, owner)) {
      this.#passOver(request, consumer.task);
      return;
    }
    const slot = this.#taking && consumer ? this.#pool.take(consumer.task) : undefined;
    if (!slot) {
      // A hand-back uses up no attempt: attempts are counted by `started` events, not by deliveries.
      request.handBack(consumer && !this.#pool.takes(consumer.task) ? heldBackDelayMs : 0);
      return;
    }
    if (owner !== undefined) this.#shares.took(owner, slot);
    const work = this.#options.work(request, slot).finally(() => {
      this.#busy.delete(work);
      slot.release();
      if (owner !== undefined) this.#shares.released(owner, slot);
      this.#planSoon();
    });
    this.#busy.add(work);
    this.#planSoon();
  }

  #isOverShare(task: string, owner: string): boolean {
    const nowMs = Date.now();
    this.#shares.seen(owner, nowMs);
    const { free, size } = this.#pool;
    // Then it is surplus, which goes back at once.
    if (free <= 0) return false;
    return !mayHaveSlot({
      slots: size,
      free,
      held: this.#shares.held(owner),
      isContended: this.#shares.isContended(owner, nowMs),
      share: this.#options.ownerShareOf(task),
    });
  }

  /** Hands a request back for a while, and looks at the next ones: somebody else's may be among them. */
  #passOver(request: RequestMessage, task: string): void {
    request.handBack(this.#shares.passOver(task, Date.now()));
    this.#passedOver += 1;
    if (this.#passedOver < passedOverPerSweep) this.#planSoon();
  }

  #pullEnded(status: Msg): void {
    const [index, pullId] = status.subject
      .slice(this.#inbox.length + 1)
      .split('.')
      .map(Number);
    const consumer = this.#consumers[index ?? -1];
    if (!consumer || pullId === undefined) return;
    const code = status.headers?.code;
    // 404 and 408: it expired. Anything else: the consumer is gone or has no leader just now.
    if (code === 404 || code === 408) {
      this.#refusals = 0;
      consumer.ended(pullId);
      this.#planSoon();
      return;
    }
    this.#refused({ consumer: consumer.name, code, status: status.headers?.description });
    setTimeout(() => {
      consumer.ended(pullId);
      this.#planSoon();
    }, this.#refusedUntilMs - performance.now()).unref();
  }

  /**
   * However many pulls are refused at once (a server that restarts refuses all), that is one line in the log, one step
   * of the back-off, and one look at what is there.
   */
  #refused(first: {
    readonly consumer: string;
    readonly code?: number | undefined;
    readonly status?: string | undefined;
  }): void {
    const nowMs = performance.now();
    if (nowMs < this.#refusedUntilMs) return;
    const delayMs = Math.min(longestRefusedDelayMs, refusedDelayMs * 2 ** this.#refusals);
    this.#refusals += 1;
    this.#refusedUntilMs = nowMs + delayMs;
    if (this.#refusals === 1) this.#options.logger.warn(first, 'pulls are refused; the next ones wait');
    this.#options.onRefused();
  }

  /** Plans once per turn of the event loop, however many slots became free in it. */
  #planSoon(): void {
    if (!this.#taking || this.#planned) return;
    this.#planned = setImmediate(() => {
      this.#planned = undefined;
      this.#pull();
    });
  }

  #pull(): void {
    const { broker, isHeldUp } = this.#options;
    if (!this.#taking || broker.nc.isClosed()) return;
    const freeSlots = this.#pool.free;
    // Only plans that can ask for something take a turn: else one busy slot could always have the odd turns.
    if (freeSlots <= 0) return;
    const nowMs = Date.now();
    const served = this.#consumers.filter(
      ({ task }) => this.#pool.takes(task) && !isHeldUp(task) && this.#shares.looksFurther(task, nowMs),
    );
    const states = served.map(consumer => consumer.state(nowMs));
    planPulls(states, freeSlots, this.#turn++).forEach((batch, at) => {
      const consumer = served[at];
      if (batch === 0 || !consumer) return;
      this.#lastPullId += 1;
      consumer.asked(this.#lastPullId, batch, nowMs);
      broker.nc.publish(
        `$JS.API.CONSUMER.MSG.NEXT.${broker.topology.requestStream}.${consumer.name}`,
        encode({ batch, expires: nanos(pullExpiresMs) }),
        { reply: `${this.#inbox}.${this.#consumers.indexOf(consumer)}.${this.#lastPullId}` },
      );
    });
  }
}
