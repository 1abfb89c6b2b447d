import type { PayloadStore } from '@longhaul/broker';
import type { TaskDefinition } from '@longhaul/proto';
import { concurrencyKeysOf, namesKeys, type TaskRequest } from '@longhaul/proto/wire';
import { readInput } from '../attempt/payloads.ts';
import { parseInput } from '../handler/ending.ts';
import type { Slot } from '../queue/slotPool.ts';
import type { LimitedTask, Limits } from './limits.ts';

/** The result of an admission. */
export type Admission =
  | { readonly do: 'run' }
  /** Another executor can run it, or this one later. */
  | { readonly do: 'release'; readonly delayMs: number }
  /** The signal was aborted while it waited. */
  | { readonly do: 'stop' };

/** A task that finds the wait queue full is delivered again after this delay, which doubles each time. */
const firstDelayMs = 500;
const longestDelayMs = 10_000;

/**
 * Takes a delivered task through its limits. While it waits it has no slot. It begins only where a slot is free, else its
 * permit would lie idle: without a slot it is released, for an executor that has one.
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
    const acquired = await limits.acquire(task);
    if (acquired.ok) return { do: 'run' };
    if (!acquired.isQueued || limits.waitQueue.isFull) {
      await limits.release(task, false);
      return {
        do: 'release',
        delayMs: Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(10, deliveries - 1)),
      };
    }
    slot.vacate();
    const { limit, isOfType, atMs, freedCount } = acquired;
    await limits.waitQueue.wait(
      { id: task.id, name: task.name, rank: task.rank, limit, isOfType, atMs, signal },
      freedCount,
    );
    if (signal.aborted) break;
    if (!slot.tryToReacquire()) {
      await limits.release(task, false);
      return { do: 'release', delayMs: 0 };
    }
  }
  await limits.release(task, false);
  return { do: 'stop' };
}

/** Whether a task type has any limit across executors. */
export function isLimited({ limits }: TaskDefinition): boolean {
  return limits.concurrency.length > 0 || limits.rate !== undefined;
}

/**
 * The keys of a task's concurrency limits: from its request, else from its input.
 *
 * @returns `undefined` when the input cannot be read or gives no key
 * @throws the reason of `shutdownDeadline`
 */
export async function findKeys(
  payloads: PayloadStore,
  definition: TaskDefinition,
  request: TaskRequest,
  signal: AbortSignal,
  shutdownDeadline: AbortSignal,
): Promise<readonly string[] | undefined> {
  const { limits } = definition;
  if (namesKeys(limits, request)) return request.concurrencyKeys ?? [];
  const read = await readInput(payloads, request, signal, shutdownDeadline);
  const parsed = read.ok ? await parseInput(definition, read.input) : read;
  if (!parsed.ok) return undefined;
  try {
    return concurrencyKeysOf(limits, parsed.input);
  } catch {
    return undefined;
  }
}
