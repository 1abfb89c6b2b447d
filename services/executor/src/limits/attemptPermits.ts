import type { Broker } from '@longhaul/broker';
import type { TaskDefinition } from '@longhaul/proto';
import { rankOf, requiredPermits, type TaskAddress, type TaskRequest } from '@longhaul/proto/wire';
import type { Slot } from '../queue/slotPool.ts';
import { type Admission, admit, findKeys, isLimited } from './admission.ts';
import type { LimitedTask, Limits } from './limits.ts';

type AttemptPermitsOptions = {
  readonly broker: Broker;
  readonly limits: Limits;
  readonly task: TaskAddress;
  readonly slot: Slot;
  /** Aborted when the attempt is to end. */
  readonly signal: AbortSignal;
  /** Aborted when the process is about to end. */
  readonly shutdownDeadline: AbortSignal;
};

const admitted: Admission = { do: 'run' };

/** The permits of one attempt: those that it has, and those that it waits for. */
export class AttemptPermits {
  readonly #options: AttemptPermitsOptions;
  /** The task as the records of its limits have it. */
  #limited: LimitedTask | undefined;
  #isWaiting = false;

  constructor(options: AttemptPermitsOptions) {
    this.#options = options;
  }

  /** Whether it waits for a permit: its handler has not been called. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Takes the task through its limits, which may take long. */
  async acquire(
    definition: TaskDefinition,
    request: TaskRequest,
    attempt: number,
    deliveries: number,
  ): Promise<Admission> {
    if (!isLimited(definition)) return admitted;
    const { broker, limits, task, slot, signal, shutdownDeadline } = this.#options;
    const keys = await findKeys(broker.payloads, definition, request, signal, shutdownDeadline);
    // The input cannot be read or does not fit: the attempt fails with that before its handler is called.
    if (!keys) return admitted;
    const limited: LimitedTask = {
      id: task.id,
      name: task.name,
      owner: request.owner,
      attempt,
      wanted: requiredPermits(broker.topology, task.name, definition.limits, keys),
      rate: definition.limits.rate,
      rank: rankOf(request),
    };
    // Set before the admission: if that throws, the permits that it had acquired by then are released.
    this.#limited = limited;
    this.#isWaiting = true;
    const admission = await admit(limits, limited, slot, deliveries, signal).finally(() => {
      this.#isWaiting = false;
    });
    if (admission.do !== 'run') this.#limited = undefined;
    return admission;
  }

  /** To be called when the handler has ended, and not before: only a task with a permit may have a running handler. */
  async release(hasTaskEnded: boolean): Promise<void> {
    if (this.#limited) await this.#options.limits.release(this.#limited, hasTaskEnded);
  }
}
