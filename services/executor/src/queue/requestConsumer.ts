import { type Broker, encode, ensureConsumer, type NeededConsumer } from '@longhaul/broker';
import { heartbeatMs, priorities } from '@longhaul/proto/wire';
import { type Msg, nanos, type Subscription } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import { lookAhead, releaseInOrder } from './lookAhead.ts';
import { mayHaveSlot, nextToBegin, OwnerShares, ownerOfRequest } from './ownerShares.ts';
import { PullConsumer, pullExpiryMs } from './pullConsumer.ts';
import { PullRefusals } from './pullRefusals.ts';
import { type RequestMessage, readRequestMessage } from './requestMessage.ts';
import { type Slot, SlotPool } from './slotPool.ts';
import { planPulls } from './slots.ts';

/** What a {@link RequestConsumer} needs. */
export type RequestConsumerOptions = {
  readonly broker: Broker;
  readonly logger: Logger;
  /** The task types that it pulls. */
  readonly types: readonly string[];
  /** How many requests are processed at once. */
  readonly slots: number;
  /** Processes one request. Its slot is free again when the promise settles; others may use it while it is lent. */
  readonly work: (message: RequestMessage, slot: Slot) => Promise<void>;
  /** The share of the slots that an owner may have with tasks of a type, while there are other owners. */
  readonly ownerShareOf: (name: string) => number;
  /** Whether an attempt of the request's task is still to begin; else the task continues here. */
  readonly isToBegin: (message: RequestMessage) => Promise<boolean>;
  /** Whether requests of a type would only wait for a permit: none are pulled meanwhile. */
  readonly isBlocked: (name: string) => boolean;
  /** Whether NATS answers: what is delivered meanwhile to an executor that hears nothing is late by `ack_wait`. */
  readonly isHeard: () => boolean;
  /** Called with every request that a pull brings. */
  readonly onDelivered: (message: RequestMessage) => void;
  /** Called for every pull that is refused: its consumer may be gone. */
  readonly onRefused: () => void;
};

/** A request of a type that the pool does not accept (see `lendLimit`) is delivered again after this long. */
const notAcceptedDelayMs = 1_000;
/** Pulls that were lost, and messages that another executor took, are noticed within this time. */
const lookEveryMs = 250;
/** Between two looks, at most this many requests are passed over because their owner's share is used up. */
const passedOverPerSweep = 16;

/**
 * Pulls requests from the work queue: one durable pull consumer per task type and priority, one subscription for all of
 * them, and no more requests than there are slots. Requests that arrive beyond them are released at once.
 */
export class RequestConsumer {
  /** The durable consumers that it pulls from. */
  readonly consumers: readonly NeededConsumer[];
  readonly #options: RequestConsumerOptions;
  readonly #consumers: PullConsumer[] = [];
  readonly #inbox: string;
  readonly #pullExpiresMs: number;
  readonly #busy = new Set<Promise<void>>();
  readonly #pool: SlotPool;
  readonly #shares = new OwnerShares();
  /** Consumers that are given requests back, and are not asked for others meanwhile. */
  readonly #releasing = new Set<PullConsumer>();
  #passedOver = 0;
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  #planned: NodeJS.Immediate | undefined;
  #isPulling = false;
  #lastPullId = 0;
  #turn = 0;
  readonly #refusals = new PullRefusals();

  constructor(options: RequestConsumerOptions) {
    this.#options = options;
    this.#inbox = options.broker.newInbox();
    this.#pool = new SlotPool(options.slots, () => this.#planSoon());
    const { requestStream, consumers } = options.broker.topology;
    this.#pullExpiresMs = pullExpiryMs(options.types.length * priorities.length);
    const needed: NeededConsumer[] = [];
    for (const name of options.types) {
      for (const priority of priorities) {
        const plan = consumers.requests(name, priority);
        needed.push({ stream: requestStream, plan });
        this.#consumers.push(new PullConsumer(plan.durable_name, priority, name, this.#pullExpiresMs));
      }
    }
    this.consumers = needed;
  }

  /** Makes the consumers where they are missing, and starts to pull. Resolves when requests can arrive. */
  async start(): Promise<void> {
    const { broker } = this.#options;
    await Promise.all(this.consumers.map(({ stream, plan }) => ensureConsumer(broker, stream, plan)));
    this.#subscription = this.#options.broker.nc.subscribe(`${this.#inbox}.*.*`, {
      callback: (error, message) => {
        if (error) this.#options.logger.error({ err: error }, 'the subscription to requests failed');
        else this.#receive(message);
      },
    });
    this.#isPulling = true;
    this.#timer = setInterval(() => {
      this.#passedOver = 0;
      this.#planSoon();
    }, lookEveryMs);
    this.#planSoon();
  }

  /** Pulls nothing more. Requests that are being processed continue. */
  stopPulling(): void {
    this.#isPulling = false;
    clearInterval(this.#timer);
    if (this.#planned) clearImmediate(this.#planned);
    // The server drops pulls whose inbox has no subscriber. A request on its way is delivered again after `ack_wait`.
    this.#subscription?.unsubscribe();
  }

  /** Resolves when no request is being processed. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy);
  }

  /**
   * Pulls again. After a reconnect the server has no pull of ours; and when a paused type is resumed, a pull that waited
   * through the pause is served only once another pull arrives (nats-server 2.15.1).
   */
  restartPulls(): void {
    this.#refusals.reset();
    for (const consumer of this.#consumers) consumer.reset();
    this.#planSoon();
  }

  /** Plans the pulls again: a type may no longer be blocked. */
  replan(): void {
    this.#planSoon();
  }

  #receive(message: Msg): void {
    const request = readRequestMessage(message);
    if (!request) {
      this.#pullEnded(message);
      return;
    }
    this.#refusals.answered();
    this.#options.onDelivered(request);
    const consumer = this.#consumers.find(({ name }) => name === request.consumer);
    consumer?.delivered(request.waiting, Date.now());
    const owner = ownerOfRequest(request.data);
    if (this.#isPulling && consumer && owner !== undefined && this.#isOverShare(consumer.task, owner)) {
      if (request.redelivered) this.#track(this.#passOverUnlessItGoesOn(request, consumer, owner));
      else this.#passOver(request, consumer.task);
      return;
    }
    if (consumer && owner !== undefined && this.#isLastSlotOfMany(request, consumer.task)) {
      const slot = this.#pool.acquire(consumer.task);
      if (slot) {
        this.#track(this.#beginFairest({ request, owner }, consumer, slot));
        return;
      }
    }
    this.#begin(request, consumer, owner);
  }

  /** Whether a request would take the last free slot while others wait behind it, and it is time to look at those. */
  #isLastSlotOfMany({ waiting, redelivered }: RequestMessage, task: string): boolean {
    if (!this.#isPulling || this.#pool.free !== 1 || this.#options.ownerShareOf(task) >= 1) return false;
    // What was delivered before does not count as waiting.
    if (waiting === 0 && !redelivered) return false;
    return this.#shares.tryToLookAhead(task, Date.now());
  }

  /**
   * Looks at the requests behind one that arrived, and begins the one whose owner holds the fewest slots: so an owner who
   * is new here does not wait for another owner's whole backlog. The others are released in their order, which the
   * server keeps: none of their owner's tasks overtakes another.
   *
   * Two executors that look at the same time see different requests, for some milliseconds. Each then begins the
   * fairest of those that it has.
   */
  async #beginFairest(
    first: { readonly request: RequestMessage; readonly owner: string },
    consumer: PullConsumer,
    slot: Slot,
  ): Promise<void> {
    // A task that continues here comes before all that is still to begin.
    const goesOn = first.request.redelivered && !(await this.#options.isToBegin(first.request));
    const behind = goesOn ? [] : await lookAhead(this.#options.broker, consumer.name);
    if (this.#options.broker.nc.isClosed()) {
      // Nothing can be answered, and the server delivers all of them again.
      slot.release();
      return;
    }
    const all = [
      first,
      // Whether a request can be read at all is for its attempt to report.
      ...behind.map(request => ({ request, owner: ownerOfRequest(request.data) ?? first.owner })),
    ];
    const nowMs = Date.now();
    for (const { owner } of all) this.#shares.seen(owner, nowMs);
    const chosen = nextToBegin(all.map(({ owner }) => this.#shares.candidate(owner)));
    const begins = this.#isPulling ? all.splice(chosen, 1)[0] : undefined;
    if (begins) this.#work(begins.request, slot, begins.owner);
    else slot.release();
    this.#releasing.add(consumer);
    await releaseInOrder(
      this.#options.broker,
      all.map(({ request }) => request),
    );
    this.#releasing.delete(consumer);
    this.#planSoon();
  }

  /** Works on a request, if there is a slot for it. */
  #begin(request: RequestMessage, consumer: PullConsumer | undefined, owner: string | undefined): void {
    const slot = this.#isPulling && consumer ? this.#pool.acquire(consumer.task) : undefined;
    if (!slot) {
      // A release costs the task nothing: attempts are counted by `started` events, not by deliveries.
      request.release(consumer && !this.#pool.accepts(consumer.task) ? notAcceptedDelayMs : 0);
      return;
    }
    this.#work(request, slot, owner);
  }

  #work(request: RequestMessage, slot: Slot, owner: string | undefined): void {
    if (owner !== undefined) this.#shares.acquired(owner, slot);
    const work = this.#options.work(request, slot).finally(() => {
      slot.release();
      if (owner !== undefined) this.#shares.released(owner, slot);
      this.#planSoon();
    });
    this.#track(work);
    this.#planSoon();
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#busy.delete(tracked));
    this.#busy.add(tracked);
  }

  #isOverShare(task: string, owner: string): boolean {
    const nowMs = Date.now();
    this.#shares.seen(owner, nowMs);
    const { free, size } = this.#pool;
    // Then it is surplus, and is released at once.
    if (free <= 0) return false;
    return !mayHaveSlot({
      slots: size,
      free,
      held: this.#shares.held(owner),
      isContended: this.#shares.isContended(owner, nowMs),
      share: this.#options.ownerShareOf(task),
    });
  }

  /**
   * A share is for what begins. A task whose executor was lost or has stopped continues in any free slot: it would wait
   * for its owner's other tasks otherwise, for minutes, while slots are free (invariant 6, crash-recovers-fast).
   */
  async #passOverUnlessItGoesOn(
    request: RequestMessage,
    consumer: PullConsumer,
    owner: string,
  ): Promise<void> {
    const arrivedMs = performance.now();
    // However late the answer is: the claim reads the log again, and asks the executor that has the task.
    if (!(await this.#options.isToBegin(request))) this.#begin(request, consumer, owner);
    // Later than that it may have been delivered elsewhere; where it was not, the server delivers it again.
    else if (performance.now() - arrivedMs < heartbeatMs) this.#passOver(request, consumer.task);
  }

  /** Releases a request for a while and pulls the next ones: another owner's may be among them. */
  #passOver(request: RequestMessage, task: string): void {
    request.release(this.#shares.passOver(task, Date.now()));
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
    // 404 and 408: it expired. Any other code: the consumer is gone, or has no leader at the moment.
    if (code === 404 || code === 408) {
      this.#refusals.answered();
      consumer.ended(pullId);
      this.#planSoon();
      return;
    }
    const nowMs = performance.now();
    const refusal = this.#refusals.add(nowMs);
    if (refusal === 'first') {
      const refused = { consumer: consumer.name, code, status: status.headers?.description };
      this.#options.logger.warn(refused, 'pulls are refused; the next ones wait');
    }
    // One check of the topology for each step of the backoff.
    if (refusal) this.#options.onRefused();
    setTimeout(() => {
      consumer.ended(pullId);
      this.#planSoon();
    }, this.#refusals.leftMs(nowMs)).unref();
  }

  /** Plans once per turn of the event loop, however many slots became free in it. */
  #planSoon(): void {
    if (!this.#isPulling || this.#planned) return;
    this.#planned = setImmediate(() => {
      this.#planned = undefined;
      this.#pull();
    });
  }

  #pull(): void {
    const { broker, isBlocked, isHeard } = this.#options;
    if (!this.#isPulling || broker.nc.isClosed() || !isHeard()) return;
    const freeSlots = this.#pool.free;
    // Only plans that can ask for requests count as turns: else one busy slot could always get the odd turns.
    if (freeSlots <= 0) return;
    const nowMs = Date.now();
    const served = this.#consumers.filter(
      consumer =>
        this.#pool.accepts(consumer.task) &&
        !isBlocked(consumer.task) &&
        this.#shares.mayLookFurther(consumer.task, nowMs) &&
        !this.#releasing.has(consumer),
    );
    const states = served.map(consumer => consumer.state(nowMs));
    planPulls(states, freeSlots, this.#turn++).forEach((batch, at) => {
      const consumer = served[at];
      if (batch === 0 || !consumer) return;
      this.#lastPullId += 1;
      consumer.asked(this.#lastPullId, batch, nowMs);
      broker.nc.publish(
        `$JS.API.CONSUMER.MSG.NEXT.${broker.topology.requestStream}.${consumer.name}`,
        encode({ batch, expires: nanos(this.#pullExpiresMs) }),
        { reply: `${this.#inbox}.${this.#consumers.indexOf(consumer)}.${this.#lastPullId}` },
      );
    });
  }
}
