import { setTimeout as delay } from 'node:timers/promises';
import type { LoopResult } from './closedLoop.ts';

/**
 * Makes `count` calls at a fixed rate, whether or not earlier ones have ended. A latency counts from when the call
 * was due, not from when it could be made: a system that stalls cannot hide it by slowing its callers down
 * ("coordinated omission").
 */
export async function openLoop(
  count: number,
  perSecond: number,
  call: (index: number) => Promise<unknown>,
): Promise<LoopResult> {
  const latenciesMs = new Float64Array(count);
  const calls: Promise<void>[] = [];
  let ended = 0;
  const startedAt = performance.now();
  while (calls.length < count) {
    const dueCount = Math.min(count, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000) + 1);
    for (let index = calls.length; index < dueCount; index += 1) {
      const dueAt = startedAt + (index * 1_000) / perSecond;
      calls.push(
        call(index).then(() => {
          latenciesMs[ended] = performance.now() - dueAt;
          ended += 1;
        }),
      );
    }
    await delay(1);
  }
  await Promise.all(calls);
  return { elapsedMs: performance.now() - startedAt, latenciesMs };
}
