import { setTimeout as delay } from 'node:timers/promises';
import { isUnavailable } from './brokerErrors.ts';

/** While NATS does not answer, the next try waits this long, and longer after each further one. */
const firstRetryMs = 200;
const longestRetryMs = 2_000;

/**
 * Asks NATS until it answers, be it with an error: for what must not be given up because NATS is away for a while.
 *
 * @param ask may be called again after it has taken effect: its answer may be lost
 * @param signals end the tries
 * @throws the reason of a signal; whatever `ask` throws when NATS is there
 */
export async function untilAnswered<T>(ask: () => Promise<T>, ...signals: AbortSignal[]): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    for (const signal of signals) signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await waitToRetry(failures, ...signals);
    }
  }
}

/**
 * How long the next try waits, with jitter: of many that fail together, not all try again together.
 *
 * @param failures how many tries have failed in a row, from 1
 * @returns between half of `firstMs`, doubled with each failure up to `longestMs`, and all of it
 */
export function backoffMs(failures: number, firstMs: number, longestMs: number): number {
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(30, failures - 1));
  return fullMs * (0.5 + Math.random() / 2);
}

/** Waits before NATS is asked again, after as many failures in a row; a signal ends the wait early. */
export async function waitToRetry(failures: number, ...signals: AbortSignal[]): Promise<void> {
  const waitMs = backoffMs(failures, firstRetryMs, longestRetryMs);
  await delay(waitMs, undefined, { signal: AbortSignal.any(signals) }).catch(() => {});
}
