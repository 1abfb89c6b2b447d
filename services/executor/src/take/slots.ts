import type { Priority } from '@longhaul/proto';

/** What is known of one consumer when pulls are planned. */
export type PullState = {
  readonly priority: Priority;
  /** Messages asked for and not yet delivered. */
  readonly outstanding: number;
  /** Messages that are known to wait at the server. */
  readonly waiting: number;
  /** Whether it delivered something a moment ago. */
  readonly active: boolean;
};

/** Every so many plans the order is turned round, so that work of low priority is not starved for ever. */
export const turnsOfPriority = 8;

/**
 * Plans how many messages to ask each consumer for.
 *
 * - Without a free slot: none.
 * - Consumers with waiting messages share the free slots, higher priority first (see {@link turnsOfPriority}).
 * - The others are asked ahead, so that the next request arrives without delay: a quiet one for one, one that has
 *   just delivered for as many as there are free slots. Together these may bring more than can be run; the surplus
 *   is handed back, and nobody is asked again before a slot is free.
 *
 * @param turn counts the plans
 * @returns for each consumer, in the order given, how many more to ask for
 */
export function planPulls(consumers: readonly PullState[], freeSlots: number, turn: number): number[] {
  const wanted = consumers.map(() => 0);
  if (freeSlots <= 0) return wanted;
  let budget = freeSlots;
  for (const index of servingOrder(consumers, turn)) {
    const consumer = consumers[index];
    if (!consumer) continue;
    const { outstanding, waiting, active } = consumer;
    if (waiting > 0) {
      const target = Math.min(budget, Math.max(outstanding, waiting));
      wanted[index] = Math.max(0, target - outstanding);
      budget -= target;
    } else {
      wanted[index] = Math.max(0, (active ? freeSlots : 1) - outstanding);
    }
  }
  return wanted;
}

const rank: { readonly [P in Priority]: number } = { high: 0, normal: 1, low: 2 };

function servingOrder(consumers: readonly PullState[], turn: number): number[] {
  const sign = turn % turnsOfPriority === turnsOfPriority - 1 ? -1 : 1;
  // Within one priority each consumer comes first in its turn, so that no task name is starved by another.
  const count = consumers.length;
  return consumers
    .map((consumer, index) => ({
      index,
      rank: rank[consumer.priority] * sign,
      place: (index + turn) % count,
    }))
    .sort((a, b) => a.rank - b.rank || a.place - b.place)
    .map(entry => entry.index);
}
