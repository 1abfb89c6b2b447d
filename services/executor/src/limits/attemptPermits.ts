import type { Broker } from '@longhaul/broker';
import type { TaskDefinition } from '@longhaul/proto';
import { rankOf, requiredPermits, type TaskAddress, type TaskRequest } from '@longhaul/proto/wire';
import type { Slot } from '../queue/slotPool.ts';
import { type Admission, admit, findKeys, isLimited } from './admission.ts';
import type { LimitedTask, Limits } from './limits.ts';

type AttemptPlacesOptions = {
  readonly broker: Broker;
  readonly limits: Limits;
  readonly task: TaskAddress;
  readonly slot: Slot;
  /** Aborted when the attempt is to end. */
  readonly signal: AbortSignal;
  /** Aborted when the process is about to end. */
  readonly giveUp: AbortSignal;
};

const free: Admission = { do: 'run' };

/** What one attempt has, or waits for, of the limits that hold across executors. */
export class AttemptPermits {
  readonly #options: AttemptPlacesOptions;
  /** As what it stands in the records of its limits. */
  #entered: LimitedTask | undefined;
  #isWaiting = false;

  constructor(options: AttemptPlacesOptions) {
    this.#options = options;
  }

  /** Whether it waits for a permit: its handler has not been called. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Takes the task through its limits; it may wait for long. */
  async enter(
    definition: TaskDefinition,
    request: TaskRequest,
    attempt: number,
    deliveries: number,
  ): Promise<Admission> {
    if (!isLimited(definition)) return free;
    const { broker, limits, task, slot, signal, giveUp } = this.#options;
    const keys = await findKeys(broker.payloads, definition, request, signal, giveUp);
    // An input that cannot be read or does not fit: the attempt will end with that, and no handler is called.
    if (!keys) return free;
    const limited: LimitedTask = {
      id: task.id,
      name: task.name,
      owner: request.owner,
      attempt,
      wanted: requiredPermits(broker.topology, task.name, definition.limits, keys),
      rate: definition.limits.rate,
      rank: rankOf(request),
    };
    // Also where that fails: what it has taken by then is given back.
    this.#entered = limited;
    this.#isWaiting = true;
    const admission = await admit(limits, limited, slot, deliveries, signal).finally(() => {
      this.#isWaiting = false;
    });
    if (admission.do !== 'run') this.#entered = undefined;
    return admission;
  }

  /** To be called when the handler has ended, and not before: whoever has a permit may have a handler running. */
  async leave(hasTaskEnded: boolean): Promise<void> {
    if (this.#entered) await this.#options.limits.leave(this.#entered, hasTaskEnded);
  }
}
