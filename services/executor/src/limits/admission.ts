import type { PayloadStore } from '@longhaul/broker';
import type { TaskDefinition } from '@longhaul/proto';
import { concurrencyKeysOf, namesKeys, type TaskRequest } from '@longhaul/proto/wire';
import { readInput } from '../attempt/payloads.ts';
import { parseInput } from '../handler/ending.ts';
import type { Slot } from '../queue/slotPool.ts';
import type { LimitedTask, Limits } from './limits.ts';

/** How a task came through its limits. */
export type Admission =
  | { readonly do: 'run' }
  /** Somebody else, or we later, may be able to. */
  | { readonly do: 'handBack'; readonly delayMs: number }
  /** The signal was aborted while it waited. */
  | { readonly do: 'stop' };

/** One that finds no waiter comes again after this long, and then after twice as long each time. */
const firstAwayMs = 500;
const longestAwayMs = 10_000;

/**
 * Takes a delivered task through its limits. While it waits it has no slot; and it is begun only by who has one free,
 * else its permit would lie idle: without a slot it is handed back, for whoever has.
 *
 * @param deliveries how often the request was delivered
 */
export async function admit(
  limits: Limits,
  task: LimitedTask,
  slot: Slot,
  deliveries: number,
  signal: AbortSignal,
): Promise<Admission> {
  for (;;) {
    if (signal.aborted) break;
    const entry = await limits.enter(task);
    if (entry.entered) return { do: 'run' };
    if (!entry.inLine || limits.room.isFull) {
      await limits.leave(task, false);
      return {
        do: 'handBack',
        delayMs: Math.min(longestAwayMs, firstAwayMs * 2 ** Math.min(10, deliveries - 1)),
      };
    }
    slot.leave();
    const { limit, isOfName, atMs, freedCount } = entry;
    await limits.room.wait(
      { id: task.id, name: task.name, rank: task.rank, limit, isOfName, atMs, signal },
      freedCount,
    );
    if (signal.aborted) break;
    if (!slot.tryToEnter()) {
      await limits.leave(task, false);
      return { do: 'handBack', delayMs: 0 };
    }
  }
  await limits.leave(task, false);
  return { do: 'stop' };
}

/** Whether a task has any limit across executors. */
export function isLimited({ limits }: TaskDefinition): boolean {
  return limits.concurrency.length > 0 || limits.rate !== undefined;
}

/**
 * The keys of a task's limits: as its request names them, else from its input.
 *
 * @returns `undefined` when the input cannot be read or gives no key
 * @throws the reason of `giveUp`
 */
export async function findKeys(
  payloads: PayloadStore,
  definition: TaskDefinition,
  request: TaskRequest,
  signal: AbortSignal,
  giveUp: AbortSignal,
): Promise<readonly string[] | undefined> {
  const { limits } = definition;
  if (namesKeys(limits, request)) return request.concurrencyKeys ?? [];
  const read = await readInput(payloads, request, signal, giveUp);
  const parsed = read.ok ? await parseInput(definition, read.input) : read;
  if (!parsed.ok) return undefined;
  try {
    return concurrencyKeysOf(limits, parsed.input);
  } catch {
    return undefined;
  }
}
