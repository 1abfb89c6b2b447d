import {
  awaitTaskEnd,
  childTaskId,
  type EndEvent,
  encodeRequest,
  findAccepted,
  isSameInput,
  type OutgoingRequest,
  publishRequest,
  requireNarrowInput,
  untilAnswered,
} from '@longhaul/broker';
import {
  type EndedTask,
  GatewayError,
  lifecycleLimit,
  policyOverridesSchema,
  type TaskRecord,
  type TaskRequest,
} from '@longhaul/proto/wire';
import type { ChildPort, NewChild } from '../handler/children/childTypes.ts';
import type { AttemptContext } from './attemptContext.ts';
import type { StartedGate } from './startedGate.ts';

/** What a start with the same key is compared to. */
type Accepted = Pick<TaskRecord, 'input' | 'inputRef'>;

/**
 * Starts the children of one attempt, and waits for them.
 *
 * A child's id comes from its parent, task type and key, so the next attempt finds the children of this one. The link
 * is appended to the parent's event log first, the child's request is published second:
 *
 * - A parent that has ended, is being canceled or was taken over gets its append refused, and nothing is published.
 * - A link that was appended before the parent's end means that the child exists, or will exist in a moment. Its request
 *   names the parent, and the gateway that sees it after the parent's end cancels it (`maintenance/childCancellation`).
 * - When an executor is lost between the two, the next attempt does the same again: the link is the same one, and of
 *   two requests with one message id JetStream stores the first.
 */
export class AttemptChildren implements ChildPort {
  readonly #context: AttemptContext;
  readonly #gate: StartedGate;
  /** By id, of the children with a key of their own: numbers do not repeat. */
  readonly #keyed = new Map<string, Promise<Accepted>>();
  /** The requests of children whose end was not waited for yet, without what is in the object store already. */
  readonly #outgoing = new Map<string, OutgoingRequest>();
  #rechecked = Promise.withResolvers<void>();

  constructor(context: AttemptContext, gate: StartedGate) {
    this.#context = context;
    this.#gate = gate;
  }

  /** To be called after a time without NATS: the end of a child may have been missed. */
  recheck(): void {
    this.#rechecked.resolve();
    this.#rechecked = Promise.withResolvers();
  }

  /** @throws GatewayError PAYLOAD_TOO_LARGE, TOO_MANY_VALUES, INVALID_REQUEST, IDEMPOTENCY_CONFLICT; the signal's reason */
  readonly start = async (child: NewChild): Promise<string> => {
    const { address: parent, setting } = this.#context;
    const { broker } = setting;
    const { name, key, input } = child;
    const address = { id: childTaskId(parent.id, name, key), name };
    const outgoing = encodeRequest(broker.payloads, address, this.#head(child), input);
    // Before anything is written: its executor would refuse to read it, and the child would end INPUT_UNREADABLE.
    requireNarrowInput(broker.payloads, outgoing);
    const earlier = this.#keyed.get(address.id);
    const accepting = earlier ?? this.#startNew(child, outgoing);
    if (typeof key === 'string' && !earlier) {
      this.#keyed.set(address.id, accepting);
      accepting.catch(() => this.#keyed.delete(address.id));
    }
    const accepted = await accepting;
    const { large: _stored, ...rest } = outgoing;
    this.#outgoing.set(address.id, rest);
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
    const { setting, abort, slot } = this.#context;
    const { broker } = setting;
    const { signal } = abort;
    return slot.lendWhile(name, signal, async () => {
      const event = await awaitTaskEnd(
        broker,
        { id, name },
        signal,
        () => this.#rechecked.promise,
        async () => {
          const outgoing = this.#outgoing.get(id);
          if (outgoing) await this.#startAgain(outgoing);
        },
      );
      this.#outgoing.delete(id);
      return endedTask(id, name, event, ref => this.#untilAnswered(() => broker.payloads.get(ref)));
    });
  };

  /** Publishes a child's request, unless an earlier attempt has. */
  async #startNew({ options }: NewChild, outgoing: OutgoingRequest): Promise<Accepted> {
    const { setting, writer, claim, abort } = this.#context;
    const { broker, executor } = setting;
    const { attempt } = claim;
    const { signal } = abort;
    const { id, name } = outgoing.address;
    signal.throwIfAborted();
    if (attempt > 1) {
      const found = await this.#untilAnswered(() => findAccepted(broker, id));
      if (found) return found;
    }
    const link = { id, name, ...(options.detached ? { detached: true as const } : {}) };
    const isBegun = (await this.#gate.open()) === 'accepted';
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
    const publish = (messageId: string) =>
      this.#untilAnswered(() => publishRequest(broker, outgoing, messageId));
    if (!(await publish(id)).duplicate) return outgoing.request;
    // Published by this attempt before its acknowledgement was lost, or by an earlier attempt that was only slow.
    const found = await this.#untilAnswered(() => findAccepted(broker, id));
    if (found) return found;
    await this.#startAgain(outgoing);
    return outgoing.request;
  }

  /**
   * Has a child run again that has ended, and whose end went with the event stream: nothing would tell of it any more. Once
   * in the stream that is there now, however many ask.
   */
  async #startAgain(outgoing: OutgoingRequest): Promise<void> {
    const { broker } = this.#context.setting;
    const { created } = await this.#untilAnswered(() => broker.jsm.streams.info(broker.topology.eventStream));
    await this.#untilAnswered(() => publishRequest(broker, outgoing, `${outgoing.address.id}.${created}`));
  }

  #head({ options }: NewChild): Omit<TaskRequest, 'input' | 'inputRef'> {
    const { address: parent, request } = this.#context;
    const { owner } = request;
    const { priority, delayMs, startWithinMs, policy, detached } = options;
    const now = this.#context.setting.broker.clock.nowMs();
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

  #untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    return untilAnswered(ask, this.#context.abort.signal);
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
