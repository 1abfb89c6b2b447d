import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';
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

/** Waits before NATS is asked again, after as many failures in a row; a signal ends the wait early. */
export async function waitToRetry(failures: number, ...signals: AbortSignal[]): Promise<void> {
  const waitMs = backoffMs(failures, firstRetryMs, longestRetryMs);
  await delay(waitMs, undefined, { signal: AbortSignal.any(signals) }).catch(() => {});
}
