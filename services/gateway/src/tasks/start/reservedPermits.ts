import { type Broker, LimitStore, PermitPool } from '@longhaul/broker';
import {
  concurrencyKeysOf,
  GatewayError,
  type PermitHolder,
  type RequiredPermit,
  requiredPermits,
  type TaskAddress,
  type TaskLimits,
} from '@longhaul/proto/wire';
import type { Caller } from '../../auth/caller.ts';
import { throughElection } from '../patiently.ts';

/** The permits that were acquired for a start. */
export type Reserved = { readonly release: () => Promise<void> };

/** The keys of a task's limits. @throws GatewayError INVALID_INPUT */
export function keysOf(name: string, limits: TaskLimits, parsedInput: unknown): string[] {
  try {
    return concurrencyKeysOf(limits, parsedInput);
  } catch (cause) {
    const why = cause instanceof TypeError ? cause.message : 'it cannot be derived.';
    throw new GatewayError('INVALID_INPUT', `The input of ${name} has no valid concurrency key: ${why}`, {
      cause,
    });
  }
}

/**
 * The permits of limits that refuse a start while they are full (`whenBusy: 'reject'`). They are acquired before the request
 * is published, so of two concurrent starts one is refused, and the task keeps them to its end.
 *
 * If a gateway dies in between, its permit is released after half a minute (see `PermitPool`). A gateway that was
 * suspended for longer may still publish its task. That task waits at the executors, which acquire a permit before they call
 * a handler, so the limit holds (invariant 7, limits-hold).
 */
export class ReservedPermits {
  readonly #broker: Broker;
  readonly #pool: PermitPool;

  constructor(broker: Broker) {
    this.#broker = broker;
    this.#pool = new PermitPool(broker, new LimitStore(broker));
  }

  /**
   * Acquires a permit of each limit that refuses starts.
   * @throws GatewayError TASK_BUSY
   */
  async reserve(
    caller: Caller,
    task: TaskAddress,
    limits: TaskLimits,
    keys: readonly string[],
  ): Promise<Reserved | undefined> {
    if (limits.concurrency.every(({ whenBusy }) => whenBusy === 'queue')) return undefined;
    const required = requiredPermits(this.#broker.topology, task.name, limits, keys).filter(
      ({ whenBusy }) => whenBusy === 'reject',
    );
    const acquired: RequiredPermit[] = [];
    const release = async () => {
      await Promise.allSettled(acquired.map(permit => this.#pool.release(permit, task.id, undefined)));
    };
    for (const permit of required) {
      const holder = { id: task.id, name: task.name, owner: caller.owner, keeps: 'task' } as const;
      const { isTaken, holders } = await throughElection(() =>
        // Once more for a holder that has its permit already changes nothing.
        this.#pool.acquire(permit, holder, undefined),
      );
      if (isTaken) {
        acquired.push(permit);
        continue;
      }
      await release();
      throw busyError(caller, task, permit, holders);
    }
    return { release };
  }
}

/** The error names a task only if the caller may see it (invariant 8, owner-only). */
function busyError(
  caller: Caller,
  { name }: TaskAddress,
  { key, limit }: RequiredPermit,
  holders: readonly PermitHolder[],
): GatewayError {
  const visible = holders.find(({ owner }) => caller.role !== 'user' || owner === caller.owner);
  const who = visible ? `task ${visible.id} (${visible.name}) runs` : "another owner's task runs";
  const of = key === undefined ? '' : ` for "${key}"`;
  const many = limit === 1 ? 'one' : String(limit);
  return new GatewayError(
    'TASK_BUSY',
    `Only ${many} of ${name} may run at once${of}, and ${who}. Try again after it has ended, or cancel it.`,
    { taskId: visible?.id },
  );
}
