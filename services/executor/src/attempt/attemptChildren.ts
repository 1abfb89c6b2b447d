import { setTimeout as delay } from 'node:timers/promises';
import {
  awaitTaskEnd,
  type Broker,
  childTaskId,
  type EndEvent,
  encodeRequest,
  findAccepted,
  isSameInput,
  isUnavailable,
  type OutgoingRequest,
  publishRequest,
} from '@longhaul/broker';
import {
  type EndedTask,
  GatewayError,
  lifecycleLimit,
  policyOverridesSchema,
  type TaskAddress,
  type TaskRecord,
  type TaskRequest,
} from '@longhaul/proto/wire';
import type { ChildPort, NewChild } from '../handler/children/childTypes.ts';
import type { Slot } from '../queue/slotPool.ts';
import type { EventWriter } from './eventWriter.ts';
import type { StartedGate } from './startedGate.ts';

/** While NATS does not answer, the next try waits this long. */
const retryDelayMs = 200;

type AttemptChildrenOptions = {
  readonly broker: Broker;
  readonly parent: TaskAddress;
  readonly owner: string;
  readonly attempt: number;
  readonly executor: string;
  readonly writer: EventWriter;
  readonly gate: StartedGate;
  readonly signal: AbortSignal;
  readonly slot: Slot;
};

/** What a child's start is compared by when the same key comes again. */
type Accepted = Pick<TaskRecord, 'input' | 'inputRef'>;

/**
 * Starts the children of one attempt, and waits for them.
 *
 * A child's id comes from its parent, name and key, so another attempt finds the children of the one before. The link
 * is appended to the parent's chain first, the child's request is published second:
 *
 * - A parent that has ended, is being canceled or was taken over gets its append refused, and nothing is published.
 * - A link that went in before the parent's end says that there is such a child, or will be in a moment; its request
 *   names the parent, and whoever sees it after the parent's end cancels it (`maintenance/childCancellation` of the gateway).
 * - Of an executor that dies between the two, the next attempt does the same again: the link is the same one, and of
 *   two requests with one message id JetStream stores the first.
 */
export class AttemptChildren implements ChildPort {
  readonly #options: AttemptChildrenOptions;
  /** By id, of those with a key of their own: numbers do not come twice. */
  readonly #keyed = new Map<string, Promise<Accepted>>();
  #again = Promise.withResolvers<void>();

  constructor(options: AttemptChildrenOptions) {
    this.#options = options;
  }

  /** The connection to NATS was lost for a while: the end of a child may have passed by. */
  lookAgain(): void {
    this.#again.resolve();
    this.#again = Promise.withResolvers();
  }

  /** @throws GatewayError PAYLOAD_TOO_LARGE, INVALID_REQUEST, IDEMPOTENCY_CONFLICT; the signal's reason */
  readonly start = async (child: NewChild): Promise<string> => {
    const { broker, parent } = this.#options;
    const { name, key, input } = child;
    const address = { id: childTaskId(parent.id, name, key), name };
    const outgoing = encodeRequest(broker.payloads, address, this.#head(child), input);
    const earlier = this.#keyed.get(address.id);
    const accepting = earlier ?? this.#startNew(child, outgoing);
    if (typeof key === 'string' && !earlier) {
      this.#keyed.set(address.id, accepting);
      accepting.catch(() => this.#keyed.delete(address.id));
    }
    const accepted = await accepting;
    if (!isSameInput(accepted, input, outgoing.request.inputRef)) {
      throw new GatewayError(
        'IDEMPOTENCY_CONFLICT',
        typeof key === 'string'
          ? `The key "${key}" was used for the child ${address.id} of ${name} with another input. Use another key, or the same input.`
          : `Start ${key} of ${name} had another input in an earlier attempt (child ${address.id}). Start children in the same order with the same inputs in each attempt, or give each a key.`,
      );
    }
    return address.id;
  };

  /** @throws the signal's reason, PayloadError */
  readonly ended = async (id: string, name: string): Promise<EndedTask> => {
    const { broker, signal, slot } = this.#options;
    return slot.lendWhile(name, signal, async () => {
      const event = await awaitTaskEnd(broker, { id, name }, signal, () => this.#again.promise);
      return endedTask(id, name, event, ref => this.#untilAnswered(() => broker.payloads.get(ref)));
    });
  };

  /** Publishes a child's request, unless an earlier attempt has. */
  async #startNew({ options }: NewChild, outgoing: OutgoingRequest): Promise<Accepted> {
    const { broker, writer, gate, signal, attempt, executor } = this.#options;
    const { id, name } = outgoing.address;
    signal.throwIfAborted();
    if (attempt > 1) {
      const found = await this.#untilAnswered(() => findAccepted(broker, id));
      if (found) return found;
    }
    const link = { id, name, ...(options.detached ? { detached: true as const } : {}) };
    const isBegun = (await gate.open()) === 'accepted';
    if (isBegun && !writer.hasLifecycleRoom) {
      throw new GatewayError(
        'INVALID_REQUEST',
        `The task has ${lifecycleLimit} lifecycle events, as many as one may have before its end: it can start no more children. Start them from several tasks, or let one child do more.`,
      );
    }
    const linked = isBegun ? await writer.append({ type: 'child', attempt, executor, child: link }) : 'stop';
    signal.throwIfAborted();
    if (linked !== 'accepted') throw new Error('The task has ended: its handler can start no children.');
    const { large } = outgoing;
    if (large) await this.#untilAnswered(() => broker.payloads.put(large));
    const { duplicate } = await this.#untilAnswered(() => publishRequest(broker, outgoing, id));
    // Of this attempt before its acknowledgement was lost, or of an earlier one that was only slow.
    if (duplicate) return (await this.#untilAnswered(() => findAccepted(broker, id))) ?? outgoing.request;
    return outgoing.request;
  }

  #head({ options }: NewChild): Omit<TaskRequest, 'input' | 'inputRef'> {
    const { parent, owner } = this.#options;
    const { priority, delayMs, startWithinMs, policy, detached } = options;
    const now = Date.now();
    return {
      v: 1,
      owner,
      createdAt: new Date(now).toISOString(),
      priority: priority ?? 'normal',
      parent: { id: parent.id, name: parent.name, ...(detached ? { detached: true as const } : {}) },
      ...(policy === undefined ? {} : { policy: policyOverridesSchema.parse(policy) }),
      ...(startWithinMs === undefined
        ? {}
        : { startBy: new Date(now + (delayMs ?? 0) + startWithinMs).toISOString() }),
      ...(delayMs ? { scheduledFor: new Date(now + delayMs).toISOString() } : {}),
    };
  }

  async #untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      try {
        return await ask();
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        await delay(retryDelayMs, undefined, { signal }).catch(() => {});
      }
    }
  }
}

async function endedTask(
  id: string,
  name: string,
  event: EndEvent,
  read: (ref: NonNullable<Extract<EndEvent, { type: 'completed' }>['outputRef']>) => Promise<unknown>,
): Promise<EndedTask> {
  switch (event.type) {
    case 'completed': {
      const output = event.outputRef ? await read(event.outputRef) : event.output;
      return { id, name, status: 'COMPLETED', output };
    }
    case 'failed':
      return { id, name, status: 'FAILED', error: event.error };
    case 'canceled':
      return {
        id,
        name,
        status: 'CANCELED',
        ...(event.reason === undefined ? {} : { cancelReason: event.reason }),
      };
  }
}
