import { setTimeout as delay } from 'node:timers/promises';
import { isUnavailable } from './brokerErrors.ts';

/** While NATS does not answer, the next try waits this long. */
const retryDelayMs = 200;

/**
 * Asks NATS until it answers, be it with an error: for what must not be given up because NATS is away for a while.
 *
 * @param ask may be called again after it has taken effect: its answer may be lost
 * @param signals end the tries
 * @throws the reason of a signal; whatever `ask` throws when NATS is there
 */
export async function untilAnswered<T>(ask: () => Promise<T>, ...signals: AbortSignal[]): Promise<T> {
  for (;;) {
    for (const signal of signals) signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await delay(retryDelayMs, undefined, { signal: AbortSignal.any(signals) }).catch(() => {});
    }
  }
}
