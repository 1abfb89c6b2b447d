import type { Priority } from '@longhaul/proto/wire';

/** What is known about one consumer when pulls are planned. */
export type PullState = {
  readonly priority: Priority;
  /** Messages asked for and not yet delivered. */
  readonly outstanding: number;
  /** Messages that are known to wait at the server. */
  readonly waiting: number;
  /** Whether it delivered something a moment ago. */
  readonly active: boolean;
};

/**
 * How many plans make a round. In each of them, `normal` comes first once and `low` comes first once, so that no
 * backlog of higher priority starves them for ever; in all others `high` comes first.
 */
export const turnsOfPriority = 8;

/**
 * Plans how many messages to ask each consumer for.
 *
 * - Without a free slot: none.
 * - A quiet consumer is asked for one, so that its next request arrives without delay. These may bring more than
 *   there are slots; the surplus is released, and the consumer is not asked again before a slot is free.
 * - Consumers with a backlog share the free slots, higher priority first (see {@link turnsOfPriority}).
 * - One that delivered a moment ago and has no backlog may be about to bring more: it is asked for all that is left,
 *   but holds one slot only, so that a trickle of high work does not keep slots from a backlog of low work. It is not
 *   asked again before half of that has come: a pull for each task would cost as much as the task's delivery.
 *
 * @param turn counts the plans with free slots
 * @returns for each consumer, in the order given, how many more to ask for
 */
export function planPulls(consumers: readonly PullState[], freeSlots: number, turn: number): number[] {
  const wanted = consumers.map(() => 0);
  if (freeSlots <= 0) return wanted;
  let budget = freeSlots;
  for (const index of servingOrder(consumers, turn)) {
    const consumer = consumers[index];
    if (!consumer) continue;
    const { waiting, active, outstanding } = consumer;
    const isBusy = active || waiting > 0;
    const share = Math.min(budget, waiting > 0 ? waiting : 1);
    const target = isBusy ? (waiting > 0 ? share : budget) : 1;
    if (isBusy) budget -= share;
    const hasEnough = waiting === 0 && outstanding > 0 && outstanding * 2 >= target;
    wanted[index] = hasEnough ? 0 : Math.max(0, target - outstanding);
  }
  return wanted;
}

const usualOrder: readonly Priority[] = ['high', 'normal', 'low'];
/** By the turn within a round. */
const otherOrders: { readonly [turn: number]: readonly Priority[] } = {
  3: ['normal', 'high', 'low'],
  7: ['low', 'normal', 'high'],
};

function servingOrder(consumers: readonly PullState[], turn: number): number[] {
  const order = otherOrders[turn % turnsOfPriority] ?? usualOrder;
  const round = Math.floor(turn / turnsOfPriority);
  return order.flatMap(priority => {
    const indexes = [...consumers.keys()].filter(index => consumers[index]?.priority === priority);
    // Each consumer comes first in its round, so that no task name is starved by another.
    const first = indexes.length === 0 ? 0 : round % indexes.length;
    return [...indexes.slice(first), ...indexes.slice(0, first)];
  });
}
