import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs, isUnavailable } from '@longhaul/broker';

/** The first wait after a question that NATS did not answer, and the longest; between them it doubles. */
const firstWaitMs = 200;
const longestWaitMs = 5_000;
/** The longest wait of a call that is held back. */
const longestHeldWaitMs = 1_000;

/**
 * For how long a call is held back while NATS does not answer. A stream whose leader has failed has another one after 4 to
 * 9 s (nats-server's election timeout), and after twice that where two servers vote for themselves; one whose replicas are
 * changed stands still for 10 s (measured with 2.15.1). Longer, and it is more than the failure of one server.
 */
export const heldBackMs = 20_000;

/**
 * Asks NATS again while it does not answer, for as long as an election of a leader takes: for the calls of clients, which are
 * not to be refused where one server of a cluster fails.
 *
 * @param ask may be called again after it has taken effect, since its answer may be lost
 * @throws the last error
 */
export async function throughElection<T>(ask: () => Promise<T>, forMs = heldBackMs): Promise<T> {
  const untilMs = performance.now() + forMs;
  for (let failures = 1; ; failures += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isUnavailable(error) || performance.now() > untilMs) throw error;
      await delay(backoffMs(failures, firstWaitMs, longestHeldWaitMs));
    }
  }
}

/**
 * Asks NATS again while it does not answer, for as long as the caller waits: a stream whose leader has failed has another
 * one some seconds later. The waits grow, since thousands of watchers may ask at the same time.
 *
 * @param ask changes nothing, so it can be asked again
 * @returns the answer, or `undefined` when the signal was aborted before there was one
 * @throws whatever `ask` throws when NATS is there
 */
export async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      // A question over a link that carries nothing has no answer for seconds: the abort ends that wait too.
      return await unlessAborted(ask(), signal);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await delay(backoffMs(failures, firstWaitMs, longestWaitMs), undefined, { signal }).catch(() => {});
    }
  }
  return undefined;
}

async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const onAbort = () => aborted.resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
