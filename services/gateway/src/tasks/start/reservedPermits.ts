import { type Broker, LimitStore, PermitHealing } from '@longhaul/broker';
import {
  acquirePermit,
  concurrencyKeysOf,
  evictHolder,
  GatewayError,
  noPermits,
  type PermitHolder,
  type RequiredPermit,
  releasePermit,
  requiredPermits,
  type TaskAddress,
  type TaskLimits,
} from '@longhaul/proto/wire';
import type { Caller } from '../../auth/caller.ts';

/** What was reserved for a start. */
export type Reserved = { readonly giveBack: () => Promise<void> };

/** The keys of a task's limits. @throws GatewayError INVALID_INPUT */
export function keysOf(name: string, limits: TaskLimits, parsedInput: unknown): string[] {
  try {
    return concurrencyKeysOf(limits, parsedInput);
  } catch (cause) {
    const why = cause instanceof TypeError ? cause.message : 'it cannot be found.';
    throw new GatewayError('INVALID_INPUT', `The input of ${name} gives no key of concurrency: ${why}`, {
      cause,
    });
  }
}

/**
 * The permits of limits that refuse a start while they are full (`whenBusy: 'reject'`). They are taken before the
 * request is published, so of two starts at once one is refused; and they stay with the task to its end.
 *
 * A gateway that dies in between leaves a permit reserved for nothing, for half a minute (see `PermitHealing`). One that
 * was suspended for longer than that may still publish its task: that one then waits in line at the executors, which
 * take a permit before they call a handler. So the limit holds all the same.
 */
export class ReservedPermits {
  readonly #broker: Broker;
  readonly #store: LimitStore;
  readonly #healing: PermitHealing;

  constructor(broker: Broker) {
    this.#broker = broker;
    this.#store = new LimitStore(broker);
    this.#healing = new PermitHealing(broker);
  }

  /**
   * Takes a permit of each limit that refuses.
   * @throws GatewayError TASK_BUSY
   */
  async reserve(
    caller: Caller,
    task: TaskAddress,
    limits: TaskLimits,
    keys: readonly string[],
  ): Promise<Reserved | undefined> {
    if (limits.concurrency.every(({ whenBusy }) => whenBusy === 'queue')) return undefined;
    const wanted = requiredPermits(this.#broker.topology, task.name, limits, keys).filter(
      ({ whenBusy }) => whenBusy === 'reject',
    );
    const taken: RequiredPermit[] = [];
    const giveBack = async () => {
      await Promise.allSettled(taken.map(want => this.#leave(want, task.id)));
    };
    for (const want of wanted) {
      const busy = await this.#take(caller, task, want);
      if (!busy) {
        taken.push(want);
        continue;
      }
      await giveBack();
      throw busyError(caller, task, want, busy);
    }
    return { giveBack };
  }

  /** @returns who has the permits, when none is free */
  async #take(
    caller: Caller,
    { id, name }: TaskAddress,
    { record, group, key, limit }: RequiredPermit,
  ): Promise<readonly PermitHolder[] | undefined> {
    const wish = (): PermitHolder => ({
      id,
      name,
      owner: caller.owner,
      keeps: 'task',
      at: new Date().toISOString(),
    });
    const once = () =>
      this.#store.changePermits(record, noPermits(group, key), before => {
        const { permits, answer } = acquirePermit(before, wish(), limit, undefined, Date.now());
        return { record: permits, answer: answer.taken ? undefined : before.holders };
      });
    const holders = await once();
    if (!holders) return undefined;
    const over = await this.#healing.over(holders, Date.now());
    if (over.length === 0) return holders;
    await this.#store.changePermits(record, noPermits(group, key), before => ({
      record: over.reduce(evictHolder, before),
      answer: undefined,
    }));
    return once();
  }

  async #leave({ record, group, key }: RequiredPermit, id: string): Promise<void> {
    await this.#store.changePermits(record, noPermits(group, key), before => ({
      record: releasePermit(before, id, undefined),
      answer: undefined,
    }));
  }
}

/** Another owner's task is not named: nobody learns of it (invariant 8, owner-only). */
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
    `Only ${many} of ${name} may run at once${of}, and ${who}. Try again when it has ended, or cancel it.`,
    { taskId: visible?.id },
  );
}
