import { setTimeout as delay } from 'node:timers/promises';
import { isUnavailable } from '@longhaul/broker';

/** The first wait after a question that NATS did not answer, and the longest; between them it doubles. */
const firstWaitMs = 200;
const longestWaitMs = 5_000;

/**
 * Asks NATS again while it does not answer, for as long as the caller waits: a stream whose leader has failed has another
 * one some seconds later. The waits grow, since thousands of watchers may ask at the same time.
 *
 * @param ask changes nothing, so it can be asked again
 * @returns the answer, or `undefined` when the signal was aborted before there was one
 * @throws whatever `ask` throws when NATS is there
 */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
    try {
      return await ask();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await delay(waitMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    }
  }
  return undefined;
}
